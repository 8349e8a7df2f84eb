"""Whoever works on all of a value does so in slices: the places handled in each turn of the loop are counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cybernetic.crdt import AWSet
from cybernetic.crdt.branch import Branch
from cybernetic.crdt.travel import FORMS
from tests.state.replica.fleet import Fleet, add, fleet, remove

MANY, LEAVES = 200, 10  # places there are, and of one slice
WORK = ("joined", "forgotten", "retired", "written", "read")


@contextmanager
def handled(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Counts places by what is done with them: all of them, and the most in one turn of the loop."""
    done, most = Counter[str](), Counter[str]()
    run, join, forget, without = asyncio.Handle._run, Branch.join, Branch.forget, Branch.without
    write, read = FORMS[AWSet.kind]

    def turn(handle: Any) -> None:
        before = done.copy()
        run(handle)
        for work in WORK:
            most[work] = max(most[work], done[work] - before[work])

    def joined(self: Branch, other: Branch, *contexts: Any) -> Branch:
        done["joined"] += other.trie.size
        return join(self, other, *contexts)

    def forgotten(self: Branch, stable: Any, part: Branch | None = None) -> Branch | None:
        done["forgotten"] += (self if part is None else part).trie.size
        return forget(self, stable, part)

    def retired(self: Branch, other: Branch, whole: Any, part: Branch | None = None) -> Branch | None:
        done["retired"] += (self if part is None else part).trie.size
        return without(self, other, whole, part)

    def written(branch: Branch, *rest: Any) -> Any:
        done["written"] += branch.trie.size
        return write(branch, *rest)

    def came(*parts: Any) -> Branch:
        branch: Branch = read(*parts)
        done["read"] += branch.trie.size
        return branch

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", turn)
        patch.setattr(Branch, "join", joined)
        patch.setattr(Branch, "forget", forgotten)
        patch.setattr(Branch, "without", retired)
        patch.setitem(FORMS, AWSet.kind, (written, came))
        yield done, most


def elements(first: int, last: int) -> list[str]:
    """Some that are long enough for a snapshot to be due when there are many."""
    return [f"{n:02000}" for n in range(first, last)]


async def _change(f: Fleet, edit: Any, many: int = MANY) -> None:
    for first in range(0, many, LEAVES):  # a change is written once, to know its size and for the journal
        await f.change("a", edit, *elements(first, first + LEAVES))


async def _a_snapshot_is_due(f: Fleet) -> None:
    archive = f.refs["a"]._agent._copy._archive
    await _change(f, add)
    written = archive.journaled
    await asyncio.sleep(2)
    assert archive.snapshot > written / 2


async def _one_asks_for_what_it_lacks(f: Fleet) -> None:
    await _change(f, add)
    await f.start("b")
    await asyncio.sleep(5)
    assert (await f.status("a")).counts.wholes == 0
    assert len(await f.value("b")) == MANY


async def _one_asks_for_the_whole(f: Fleet) -> None:
    await _change(f, add)
    await asyncio.sleep(3)  # marks were dropped: what is lacked is not enough
    await f.start("b")
    await asyncio.sleep(5)
    assert (await f.status("a")).counts.wholes == 1
    assert len(await f.value("b")) == MANY


async def _all_know_what_was_removed(f: Fleet) -> None:
    await _change(f, add)
    await f.start("b")
    await asyncio.sleep(3)
    await _change(f, remove)
    await asyncio.sleep(5)
    assert [value.store.trie.size for value in await f.values()] == [0, 0]


async def _one_was_away_too_long(f: Fleet) -> None:
    await f.start("b")
    await _change(f, add)
    await asyncio.sleep(3)
    f.net.part("a", "b")
    await _change(f, remove, MANY // 2)
    await asyncio.sleep(10)
    f.net.heal()
    await asyncio.sleep(10)
    assert (await f.status("b")).counts.rejoined == 1
    assert set(await f.value("b")) == set(elements(MANY // 2, MANY))


async def _one_begins_again_from_its_snapshot(f: Fleet) -> None:
    await _a_snapshot_is_due(f)
    await f.kill("a")
    await f.start("a")
    assert len(await f.value("a")) == MANY


async def _one_begins_again_from_its_journal(f: Fleet) -> None:
    await _change(f, add)
    await f.kill("a")
    await f.start("a")
    assert len(await f.value("a")) == MANY


@pytest.mark.parametrize(
    ("happens", "what"),
    [
        (_a_snapshot_is_due, {"written": 3 * MANY}),  # each change twice, and all of it
        (_one_asks_for_what_it_lacks, {"written": 3 * MANY, "read": MANY, "joined": 2 * MANY}),
        (_one_asks_for_the_whole, {"written": 4 * MANY, "read": MANY, "joined": 2 * MANY}),
        (_all_know_what_was_removed, {"forgotten": 2 * MANY}),
        (_one_was_away_too_long, {"retired": MANY, "joined": 4 * MANY}),
        (_one_begins_again_from_its_snapshot, {"read": MANY, "joined": 2 * MANY}),
        (_one_begins_again_from_its_journal, {"read": MANY, "joined": 2 * MANY}),
    ],
)
async def test_no_turn_handles_more_places_than_the_options_say(
    happens: Callable[[Fleet], Awaitable[None]],
    what: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with handled(monkeypatch) as (done, most):
        async with fleet(AWSet, "a", tmp_path, leaves=LEAVES, tidy=1.0, gone=5.0) as f:
            await happens(f)
    for work, many in what.items():
        assert done[work] >= many
    assert max(most.values()) <= LEAVES
