"""Sixty agents who choose between two providers by the same stale figures: what they do to each other."""
