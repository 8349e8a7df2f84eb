"""The demonstration: two companies live through the same hour, one of them as a viable system."""
