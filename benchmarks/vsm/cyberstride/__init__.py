"""Measurements of cyberstride: its speed, its power, and how it learns the variance. Each file runs by itself."""
