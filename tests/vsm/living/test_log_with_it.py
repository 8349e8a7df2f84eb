"""What systems 3 and 5 do stands in the log whenever it is in force: both are one write."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Agent
from cybernetic.vsm import Deny, Policy, ViableSystem
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.books.memory import InMemory
from cybernetic.vsm.books.refusals import BooksRefused
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.damping import LeaseLost
from cybernetic.vsm.inspection.messages import Quarantine
from tests.vsm.living.company import started


def frozen(action: Any, context: Any) -> Deny:
    """Nothing."""
    return Deny("frozen")


async def intervene(system: Any, company: Any) -> None:
    await company.within(3).call(ViableSystem.suspend, "company/solo", "to look at it", 900.0)


async def quarantine(system: Any, company: Any) -> None:
    await (
        system.named("company:control", Control)
        .within(3)
        .call(Control.quarantine, Quarantine("tool", "it lies"))
    )


async def policy(system: Any, company: Any) -> None:
    await company.within(3).call(ViableSystem.set_policy, Policy("freeze", 1, frozen), "storm")


ACTS: list[tuple[str, str, str, Callable[[Any, Any], Awaitable[None]]]] = [
    ("interventions", "control", "intervention", intervene),
    ("interventions", "control", "quarantine", quarantine),
    ("policy", "policy", "policy", policy),
]


@pytest.mark.parametrize(("key", "who", "kind", "act"), ACTS)
async def test_who_ends_just_after_it_was_kept_has_it_in_the_log(
    key: str, who: str, kind: str, act: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, armed = InMemory.save, [False]
    async with started() as (system, company):
        await asyncio.sleep(5.0)

        def ends(self: InMemory, name: str, *rest: Any) -> None:
            save(self, name, *rest)
            if armed[0] and name == key:
                armed[0] = False
                system.whereis(f"company:{who}", Agent).exit(Kill())

        monkeypatch.setattr(InMemory, "save", ends)
        armed[0] = True
        with pytest.raises((CallError, Refusal)):
            await act(system, company)
        await asyncio.sleep(10.0)
        status = await company.call(ViableSystem.status)
        names = {one.name for one in (await company.call(ViableSystem.rules)).policies}
        assert status.interventions or "freeze" in names or kind == "quarantine"
        assert [entry.kind for entry in await company.call(ViableSystem.decisions, 0, kind)] == [kind]


async def test_books_take_entries_with_a_value_or_neither() -> None:
    async with System() as system:
        books = await system.start(Books)
        entry = Entry("finding", "a", {"n": 1}, 0.0)
        await books.call(Books.save, "key", 1, 2, (entry, entry))
        assert [one.number for one in await books.call(Books.entries)] == [1, 2]
        with pytest.raises(LeaseLost):
            await books.call(Books.save, "key", 2, 1, (entry,))
        with pytest.raises(BooksRefused, match=r"^entry: expected an Entry"):
            await books.call(Books.save, "key", 2, 2, ("no entry",))
        assert await books.call(Books.load, "key") == 1
        assert len(await books.call(Books.entries)) == 2
