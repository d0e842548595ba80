"""A cell's calls run again on copies: with other inputs, or on the other library."""
