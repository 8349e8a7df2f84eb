"""One value kept by an agent on every node: changed anywhere at once, on the disk before it is acknowledged."""
