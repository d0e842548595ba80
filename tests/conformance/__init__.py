"""PyTorch's own operator database, ``op_db``, run against the engine: a table by family and column.

``python -m tests.conformance`` prints it; ``python -m tests.conformance add cumsum`` says what fails in these entries.
"""
