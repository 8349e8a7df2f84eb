"""Levels within levels: what each inherits, and how it stands in the one above."""
