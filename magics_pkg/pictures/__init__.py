"""Graph -> DOT -> geometry -> SVG, PNG, and the terminal's form."""
