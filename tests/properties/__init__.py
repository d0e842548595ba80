"""Differential property tests: programs that Hypothesis thinks of, run in PyTorch and in the engine."""
