"""Who may send how much: credit in bytes, granted by the receiver when it has dealt with what came. Pure.

The sender counts what it has sent and the receiver has not granted back: what is *out*. It may send while that
stays within the window, and also while no more than a quarter of the window is out: so a batch larger than the
window passes, and the receiver may save up its grants to a quarter of the window without anybody waiting for ever.
Credit-based flow control after Kung and Morris, "Credit-Based Flow Control for ATM Networks", 1995.
"""


def may_send(window: int, out: int, size: int) -> bool:
    """Whether `size` bytes may follow when `out` bytes are out; all in bytes."""
    return out + size <= window or out <= window >> 2


def due(window: int, handled: int) -> bool:
    """Whether it is time to grant the `handled` bytes that were dealt with since the last grant."""
    return handled > window >> 2


def after_grant(out: int, granted: int) -> int | None:
    """What is out after a grant of `granted` bytes; None if that was more than was out, or nothing."""
    return out - granted if 0 < granted <= out else None
