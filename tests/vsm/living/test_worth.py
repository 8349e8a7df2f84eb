"""What a unit has earned: of one whose spending is suddenly worth little only what came since then counts."""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, Port, Task, ViableSystem, unit
from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.control.accounts import Accounts
from cybernetic.vsm.operations.messages import Accountability
from tests.vsm.living.callers import Caller
from tests.vsm.living.company import Company, started

LEASE, EPOCH = Vector(usd=100.0), Epoch.at(0.0, 3600.0)


class Mute:
    """A system 3 that says nothing."""

    def tell(self, *args: Any) -> None:
        """Nothing."""


def earned(worth: Iterable[float]) -> list[float]:
    """What a unit has earned for a dollar, after each dollar, where each was worth that."""
    accounts, found, spent = Accounts(Mute(), ["a"], 0.0), [], 0.0
    for done in worth:
        spent += 1.0
        account = Accountability("a", int(done), 0, 0, Vector(usd=spent))
        accounts.take(account, EPOCH, LEASE, spent)
        found.append(accounts.earned()["a"])
    return found


def test_who_falls_does_not_live_by_its_past_and_gets_it_back_when_it_is_well() -> None:
    found = earned([10.0] * 30 + [0.0] * 10 + [10.0] * 60)
    assert found[29] == pytest.approx(10.0)
    assert found[32] < 0.1 * found[29]  # three dollars: its past is worth thirty
    assert max(found[32:40]) == 0.0
    assert found[-1] > 5.0


def test_bad_luck_is_no_fall() -> None:
    found = earned([10.0, 6.0, 14.0, 9.0, 11.0] * 12)
    assert min(found) > 7.0


def test_who_pays_for_what_others_have_as_well_is_worth_as_much_as_they_are() -> None:
    accounts = Accounts(Mute(), ["a", "b"], 0.0)
    for n in range(1, 11):
        accounts.take(Accountability("a", 1, 0, 0, Vector(usd=float(n))), EPOCH, LEASE, float(n))
        saved = Saved(Vector(usd=float(n - 1)), n - 1, f"b#{n}")  # it made one call of its own
        accounts.take(Accountability("b", 1, 0, 0, Vector(usd=1.0), saved=saved), EPOCH, LEASE, float(n))
    earned = accounts.earned()
    assert earned["a"] == pytest.approx(earned["b"])
    assert accounts.saved()["b"] == saved


def test_what_was_saved_is_not_forgotten_when_who_counts_it_begins_anew() -> None:
    accounts = Accounts(Mute(), ["a"], 0.0)
    for spend, calls in ((1.0, 1), (3.0, 2), (3.0, 2), (0.5, 1)):
        saved = Saved(Vector(usd=spend), calls, f"a#{calls}")
        accounts.take(Accountability("a", 1, 0, 0, Vector(), saved=saved), None, Vector(), 1.0)
    assert accounts.saved() == {"a": Saved(Vector(usd=3.5), 3, "a#1")}


class Crew(Company):
    """Four with as much money each."""

    budget = Budget(usd=100, per=3600)
    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Four."""
        return [unit(Caller, id=name) for name in "abcd"]


async def test_who_begins_to_waste_is_stopped_after_a_part_of_its_lease_and_the_others_have_the_rest() -> (
    None
):
    async with started(Crew) as (_, crew):

        async def call(name: str, useful: bool) -> Any:
            task = Task("call", useful, to=f"crew/{name}")
            return (await crew.within(None).call(ViableSystem.submit, task)).outcome.value

        for _ in range(60):
            await asyncio.gather(*(call(name, True) for name in "abcd"))
            await asyncio.sleep(0.5)
        wasted = 0
        for _ in range(300):
            wasted += await call("a", False) != "refused"
            await asyncio.sleep(0.1)
        assert 0 < wasted * 0.1 < 0.25 * 19.0  # of what was left of its twenty-five dollars
        held = (await crew.call(ViableSystem.ledger)).purse.ledger(0).open
        assert min(held[f"crew/{name}"].upper.amount("usd") for name in "bcd") > 28.0
