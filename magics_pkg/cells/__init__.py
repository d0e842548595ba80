"""A cell's source and its run: syntax tree, names, the frames between the cell and a call."""
