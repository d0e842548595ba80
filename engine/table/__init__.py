"""The table of operations: what a row is, and the fast code that is made from it, once, by its decorator."""
