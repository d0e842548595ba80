"""What is recorded and how a pass goes through it: nodes, the sweep, hooks, versions of memory, forward mode."""
