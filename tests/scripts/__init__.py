"""Well-known small scripts: each is a program as people write it, with nothing in it about tests."""
