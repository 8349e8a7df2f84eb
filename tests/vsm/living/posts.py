"""Two halves of a system that meet over a broker, a shop and its catalogue."""

from functools import partial
from pathlib import Path
from typing import Any

from cybernetic.gateways import Post
from cybernetic.vsm import junction_of

UNIT = "shop/catalogue"
BEATS = (0.5, 2.5)


def post(
    broker: Any,
    painful: Any,
    data: Path,
    path: str,
    peer: str,
    beats: tuple[float, float] = BEATS,
    auditing: Any = None,
) -> Any:
    """One half's way to the other. `beats`: seconds between heartbeats, and without."""
    return partial(Post, broker, painful, data, path, {peer: junction_of(UNIT)}, *beats, auditing=auditing)
