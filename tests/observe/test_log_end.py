"""The end of a long log is found in few questions."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.observe import asking
from tests.support import run_virtual


class _Level:
    """Answers for a log of so many lines, and counts how often it is asked."""

    def __init__(self, lines: int) -> None:
        self.lines, self.asked = lines, 0

    async def call(self, method: Any, since: int) -> list[Any]:
        self.asked += 1
        last = min(self.lines, since + asking.BATCH)
        return [SimpleNamespace(number=number) for number in range(since + 1, last + 1)]


@given(st.integers(0, 200_000))
def test_what_is_found_is_close_to_the_end_and_not_beyond(lines: int) -> None:
    level = _Level(lines)

    async def find() -> None:
        found = await asking._near_end(level)
        assert max(0, lines - 2 * asking.BATCH) <= found <= max(0, lines - asking.BATCH)

    run_virtual(find())
    assert level.asked <= 30
