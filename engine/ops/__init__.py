"""The rows of the table, by family. The files in ``calls/`` read the rows that they front."""
