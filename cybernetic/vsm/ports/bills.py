"""What a port's own functions say that a call took: the user's, so they may raise, or say what is no cost."""

import logging
from collections.abc import Callable
from typing import Any

from cybernetic.vsm.bargain.vector import Vector

_log = logging.getLogger("cybernetic.vsm")


def told(port: str, says: Callable[[Any], Vector] | None, come: object) -> tuple[Vector | None, bool]:
    """What `says(come)` gives, None where nothing is said; and whether that can be relied on.

    The call was made, so what goes wrong here ends nobody: it is in the log, and counted as if it were unknown.
    """
    if says is None:
        return None, True
    try:
        took = says(come)
    except Exception as error:
        _log.warning("port %r: cannot tell what a call took", port, exc_info=error)
        return None, False
    if not isinstance(took, Vector):
        _log.warning("port %r: expected a Cost for what a call took, got: %r", port, took)
        return None, False
    return took, True
