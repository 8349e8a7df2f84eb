"""The seeds: those that the world was tuned with, and those that the claims are checked on. No seed is in both."""

TUNING = tuple(range(1, 21))  # 7, which the demo shows unless told otherwise, among them
CHECKED = tuple(range(2001, 2201))
