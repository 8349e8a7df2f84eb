"""How quickly a viable system goes round: the seconds of a round of its loops, known in each process it runs in."""

from typing import Any
from weakref import WeakKeyDictionary

PULSE = 1.0  # seconds of a round, unless declared otherwise

_pulses: WeakKeyDictionary[Any, dict[str, float]] = WeakKeyDictionary()


def set_pulse(system: Any, path: str, pulse: float) -> None:
    """Say how many seconds a round takes at and below a path."""
    _pulses.setdefault(system, {})[path] = pulse


def pulse_at(system: Any, path: str) -> float:
    """How many seconds a round takes at a path: what was said of it, or of what it lies in."""
    known = _pulses.get(system, {})
    while path and path not in known:
        path = path.rpartition("/")[0]
    return known.get(path, PULSE)
