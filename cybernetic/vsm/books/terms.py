"""The fence of a key: who was replaced does not write any more."""

from cybernetic.vsm.damping.fence import Fence, LeaseLost


def passed(key: str, highest: int, term: int) -> int:
    """The highest term of `key` after a write under `term` (0: under none), where it was `highest` before.

    Raises `LeaseLost` for a lower one.
    """
    if term < 1 <= highest:
        raise LeaseLost(key, term, f"expected a term, of at least {highest}")
    return Fence(key, highest).passed(term).highest if term else 0
