"""Books to test with, in memory or in a file, and what is written in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Ref, System
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry

both = pytest.mark.parametrize("lasting", [False, True], ids=["in memory", "in a file"])


@asynccontextmanager
async def opened(data: Path | None, path: str = "shop", keep: int = 100) -> AsyncIterator[Ref[Books]]:
    """Books of a system of their own."""
    async with System() as system:
        yield await system.start(Books, data, path, keep)


def entry(n: int, kind: str = "finding", **more: Any) -> Entry:
    """The n-th thing that happened."""
    return Entry(kind, "shop/support", {"n": n}, at=float(n), **more)


def bodies(found: tuple[Entry, ...]) -> list[int]:
    """Which entries these are."""
    return [one.body["n"] for one in found]
