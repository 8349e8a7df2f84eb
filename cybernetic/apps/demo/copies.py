"""Where the copies of a playing process are found that can go on otherwise."""

EVERY = 150.0  # virtual seconds between two copies of some 14 MB: what lies behind one is played again


def place(at: float) -> str:
    """What the socket of the last copy is called that was made at or before a second of the hour."""
    return f"{int(at // EVERY * EVERY):04}"
