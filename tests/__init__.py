"""The tests; a package, so that tests and benchmarks share the browser helper and the source programs."""
