"""One typed configuration, from a file, the environment and flags; each value knows where it came from."""
