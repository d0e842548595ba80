"""The programs with which PyTorch's own documentation teaches autograd, unchanged but for the import."""
