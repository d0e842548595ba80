"""Commands that measure what the project promises and print the comparison: ``python -m benchmarks.engine``, ..."""
