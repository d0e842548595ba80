"""Who answers to a name: families read when they are needed, old names, and names that only PyTorch has."""
