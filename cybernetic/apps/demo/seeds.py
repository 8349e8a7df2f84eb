"""The seeds: those that the world was tuned with, and those that the claims are checked on. No seed is in both."""

TUNING = (*range(1, 121), *range(2001, 2201))  # 7, which the demo shows unless told otherwise, among them
CHECKED = tuple(range(3001, 3201))
