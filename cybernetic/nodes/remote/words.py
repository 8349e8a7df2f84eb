"""Reasons and errors in words, for when they cannot travel as they are."""

from typing import Any

from cybernetic.core import Crash, Reason, Shutdown

LONGEST = 2000  # characters of a text that stands for something


def in_words(what: Any) -> Reason:
    """A reason or an error that cannot travel, as a reason that can."""
    if isinstance(what, Shutdown):
        return Shutdown(str(what.detail)[:LONGEST])
    if isinstance(what, Crash):
        return Crash(what.type[:LONGEST], what.text[:LONGEST])
    return Crash(type(what).__name__, str(what)[:LONGEST])
