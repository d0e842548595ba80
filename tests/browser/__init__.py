"""A real JupyterLab and Notebook 7, driven by a headless Chromium."""
