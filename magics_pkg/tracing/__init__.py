"""Cell -> Trace: the calls it made, their values, its backward passes."""
