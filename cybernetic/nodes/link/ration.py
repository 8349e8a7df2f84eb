"""How much is read from a link at a time: so much as is taken in within a few milliseconds. Pure."""

LEAST, FIRST, MOST = 512, 8 << 10, 256 << 10  # bytes
LONG = 0.003  # seconds of processor time to take in what is read at a time


def ration(now: int, read: int, size: int, took: float) -> int:
    """How many bytes to read at a time from now on.

    Args:
        now: how many that were until now.
        read: bytes that were read; more is wanted only if they were as many as might be.
        size: bytes of the messages that these completed.
        took: seconds of processor time until those were taken in.
    """
    fit = int(size * LONG / max(took, 1e-6))
    if fit >= now:
        return min(fit, 2 * now, MOST) if read >= now else now
    return max(fit, LEAST)
