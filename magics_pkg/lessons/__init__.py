"""Graph, v -> sentences: what happened here and why."""
