"""The only file that draws random numbers: seeded streams keyed by what they decide, not by the order of drawing."""

import random
import secrets


class Chance:
    """Streams of chance from one seed. The same seed and key give the same stream, whatever else was drawn.

    `seed` is any integer; None takes one from the operating system, readable afterwards as `.seed`.
    """

    __slots__ = ("seed",)

    def __init__(self, seed: int | None = None) -> None:
        self.seed = secrets.randbits(48) if seed is None else seed

    def stream(self, *key: object) -> random.Random:
        """A generator of its own for the decision named by `key` (strings and integers)."""
        return random.Random(repr((self.seed, key)))

    def uniform(self, *key: object) -> float:
        """One number in [0, 1) for the decision named by `key`."""
        return self.stream(*key).random()


def token(size: int = 8) -> str:
    """A fresh unpredictable identifier of `size` bytes, in hexadecimal."""
    return secrets.token_hex(size)
