"""System 2: it paces, leases and damps, and commands nobody."""
