"""What a person sees and moves: the widgets, live v, the drawers, the saved page."""
