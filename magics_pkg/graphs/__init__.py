"""Trace -> Graph: nodes and edges, names, groups and what is folded, marks; and every number as linear in v."""
