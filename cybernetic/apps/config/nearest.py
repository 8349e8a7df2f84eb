"""The name that was probably meant."""

import difflib
from collections.abc import Iterable


def hint(got: str, names: Iterable[str]) -> str:
    """`, did you mean X?` for the nearest of `names`, or nothing if none is near."""
    near = difflib.get_close_matches(got, list(names), n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""
