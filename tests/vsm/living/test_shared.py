"""Synergy: equal calls of several units are one, which one of them pays for (1.3)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.testing.vsm import conformance
from cybernetic.vsm import (
    Allow,
    BudgetExhausted,
    Came,
    Deny,
    Operation,
    Policy,
    PolicyDenied,
    Saved,
    Suspended,
    Task,
    ViableSystem,
)
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.inspection.messages import Quarantine
from tests.nodes.stage import TWO, stage
from tests.vsm.living.readers import ASKED, FAILS, TAKES, Apart, Library, opened, read, spent


def not_b(action: Any, context: Any) -> Any:
    """All but one may."""
    return Deny("not you") if context["path"] == "library/b" else Allow()


class Strict(Library):
    """With a policy."""

    policies = (Policy("not b", 1, not_b),)


async def test_equal_calls_of_units_at_the_same_time_are_one_and_one_pays() -> None:
    async with opened() as (_, level):
        performed = await read(level, "a", "b", "c")
        assert ASKED == ["whales"]
        assert [one.outcome.value for one in performed] == [[{"found": "whales"}]] * 3
        receipts = [one.receipts[0] for one in performed]
        made = next(one for one in receipts if not one.shared)
        assert [one.shared for one in receipts if one is not made] == [made.id, made.id]
        assert sorted(one.cost.amount("usd") for one in receipts) == [0.0, 0.0, 0.04]
        assert {one.came for one in receipts} == {Came.DONE}
        assert {one.result for one in receipts} == {made.result}
        assert len({one.id for one in receipts}) == 3
        assert await spent(level) == pytest.approx(0.04)


async def test_what_was_found_is_of_use_for_as_long_as_is_said_and_then_looked_up_again() -> None:
    async with opened() as (_, level):
        await read(level, "a")
        await asyncio.sleep(29.0)
        await read(level, "b")
        assert len(ASKED) == 1
        await asyncio.sleep(2.0)
        await read(level, "c")
        assert len(ASKED) == 2


@pytest.mark.parametrize("other", [{"what": "herring"}, {"port": "alone"}, {"key": "mine"}])
async def test_a_call_that_is_not_the_same_is_made(other: dict[str, Any]) -> None:
    async with opened() as (_, level):
        await read(level, "a")
        await read(level, "b", **other)
        assert len(ASKED) == 2


async def test_each_has_an_answer_of_its_own() -> None:
    async with opened() as (_, level):
        first, second = await read(level, "a", "b")
        first.outcome.value[0]["found"] = "spoilt"
        assert second.outcome.value == [{"found": "whales"}]


async def test_status_says_what_was_saved_and_which_receipt_says_so() -> None:
    async with opened() as (_, level):
        a, b = await read(level, "a", "b")
        follower = next(one for one in (a, b) if one.receipts[0].shared)
        await asyncio.sleep(2.5)
        saved = (await level.call(ViableSystem.status)).saved
        receipt = follower.receipts[0]
        assert saved[receipt.path] == Saved(Vector(usd=0.04), 1, receipt.id)
        assert sum(one.calls for one in saved.values()) == 1
        again = (await read(level, "c"))[0].receipts[0]  # its source moves, and so does the figure
        await asyncio.sleep(2.5)
        saved = (await level.call(ViableSystem.status)).saved
        assert saved["library/c"] == Saved(Vector(usd=0.04), 1, again.id)
        await read(level, "c", what="herring")  # a call of its own does not
        await asyncio.sleep(2.5)
        assert (await level.call(ViableSystem.status)).saved == saved


async def one_waits_for_the_other(level: Any) -> tuple["asyncio.Future[Any]", "asyncio.Future[Any]"]:
    """The tasks of units a and b, of which the first makes a call that the other wants as well."""
    TAKES[0], tasks = 4.0, []
    for name in ("a", "b"):
        tasks.append(asyncio.ensure_future(read(level, name)))
        await asyncio.sleep(0.3)
    return tasks[0], tasks[1]


async def test_an_answer_that_nobody_receives_has_saved_nothing() -> None:
    async with opened() as (system, level):
        first, second = await one_waits_for_the_other(level)
        system.whereis("library/b", Agent).exit(Kill())  # and its task is done anew, which waits as well
        assert all(one.outcome.good for (one,) in await asyncio.gather(first, second))
        await asyncio.sleep(2.5)
        saved = (await level.call(ViableSystem.status)).saved
        assert len(ASKED) == sum(one.calls for one in saved.values()) == 1


async def test_a_call_that_fails_is_nobody_elses_failure() -> None:
    async with opened() as (_, level):
        FAILS.append(ValueError("once"))
        performed = await read(level, "a", "b", "c")
        assert sorted(str(one.outcome.value) for one in performed)[0] == "ValueError"
        assert sum(one.outcome.good for one in performed) == 2
        assert len(ASKED) == 3  # who waited makes his own, and all at once


async def test_a_call_whose_outcome_is_unknown_is_not_shared() -> None:
    async with opened() as (_, level):
        TAKES[0] = 100.0
        waiting = asyncio.gather(read(level, "a", "b"))
        await asyncio.sleep(4.0)
        TAKES[0] = 0.5
        (performed,) = await waiting
        assert sorted(one.outcome.good for one in performed) == [False, True]
        assert len(ASKED) == 2


async def test_the_death_of_who_makes_a_call_loses_nobody_elses() -> None:
    async with opened() as (system, level):
        first, second = await one_waits_for_the_other(level)
        assert len(ASKED) == 1
        began = asyncio.get_running_loop().time()
        system.whereis("library/a", Agent).exit(Kill())
        (performed,) = await second
        assert performed.outcome.good
        assert asyncio.get_running_loop().time() - began < 4.0 + 5.0
        (again,) = await first
        assert again.outcome.good


async def test_without_system_2_each_makes_his_own() -> None:
    async with opened() as (_, level):
        await level.call(ViableSystem.ablate, "s2")
        began = asyncio.get_running_loop().time()
        performed = await read(level, "a", "b", "c")
        assert all(one.outcome.good for one in performed)
        assert len(ASKED) == 3
        assert asyncio.get_running_loop().time() - began < 1.0


async def test_the_death_of_system_2_in_the_midst_of_it_loses_nothing() -> None:
    async with opened() as (system, level):
        TAKES[0] = 4.0
        both = asyncio.ensure_future(read(level, "a", "b"))
        await asyncio.sleep(1.0)
        system.whereis("library:coordination", Agent).exit(Kill())
        assert all(one.outcome.good for one in await both)
        assert len(ASKED) == 2


async def test_levels_within_share_what_is_of_a_port_above() -> None:
    async with opened() as (_, level):
        performed = await read(level, "a", "east/a", "east/b", "west/a")
        assert ASKED == ["whales"]
        assert all(one.outcome.good for one in performed)
        (late,) = await read(level, "west/b")
        assert ASKED == ["whales"]
        assert late.receipts[0].shared
        assert await spent(level) == pytest.approx(0.04)
        saved = (await level.call(ViableSystem.status)).saved
        assert sum(one.calls for one in saved.values()) == 4


async def test_a_task_done_again_as_its_result_was_false_looks_for_itself() -> None:
    async with opened() as (system, level):
        (first,) = await read(level, "a")
        operation = system.named("library/a", Operation).within(None)
        again = await operation.call(Operation.perform, Task("read", {}, id=first.task), True)
        assert len(ASKED) == 2
        assert not again.receipts[0].shared


async def test_what_came_through_a_port_that_is_taken_out_of_use_is_given_to_nobody_also_after_it() -> None:
    async with opened() as (system, level):
        TAKES[0] = 3.0
        await read(level, "a", "east/a")
        under_way = asyncio.ensure_future(read(level, "a", what="herring"))
        await asyncio.sleep(1.0)
        control = system.named("library:control", Control).within(None)
        await control.call(Control.quarantine, Quarantine("books", "it lies"))
        await under_way
        await level.call(ViableSystem.lift, "books", "it is mended")
        await asyncio.sleep(1.0)
        await read(level, "b", "east/b")
        await read(level, "b", what="herring")
        assert ASKED == ["whales", "herring", "whales", "herring"]


async def test_policies_are_asked_of_each_and_money_has_to_be_there() -> None:
    async with opened(Strict) as (_, level):
        await read(level, "a")
        with pytest.raises(PolicyDenied):
            await read(level, "b")
        with pytest.raises(BudgetExhausted):
            await read(level, "c", usd=9.0)
        await read(level, "c")
        assert len(ASKED) == 1


async def test_in_each_epoch_what_is_settled_is_one_call_however_many_there_were() -> None:
    async with opened() as (_, level):
        for n in range(10):
            await read(level, "a", "b", "c", "east/a", "east/b", "west/a", "west/b", what=n)
        assert await spent(level) == pytest.approx(0.4)
        ledger = (await level.call(ViableSystem.ledger)).purse.ledger(0)
        assert (ledger.committed).amount("usd") <= ledger.grant.amount("usd")
        saved = (await level.call(ViableSystem.status)).saved
        assert sum(one.calls for one in saved.values()) == 60
        assert sum(one.spend.amount("usd") for one in saved.values()) == pytest.approx(2.4)


async def test_units_of_several_nodes_share_and_each_has_his_own_receipt() -> None:
    async with stage(TWO) as s:
        ASKED.clear()
        FAILS.clear()
        TAKES[0] = 0.5
        level = await s.system.start(Apart, name="library")
        await asyncio.sleep(2.0)
        performed = await read(level, "a", "b", "east/a")
        assert ASKED == ["whales"]
        assert sum(bool(one.receipts[0].shared) for one in performed) == 2
        assert [one.receipts[0].path for one in performed] == ["library/a", "library/b", "library/east/a"]


async def test_who_makes_a_call_and_is_cut_off_loses_nobody_elses() -> None:
    async with stage(TWO) as s:
        ASKED.clear()
        TAKES[0] = 8.0
        level = await s.system.start(Apart, name="library")
        await asyncio.sleep(2.0)
        far = asyncio.ensure_future(read(level, "b"))
        await asyncio.sleep(0.5)
        near = asyncio.ensure_future(read(level, "a"))
        await asyncio.sleep(0.5)
        assert len(ASKED) == 1
        s.part()
        TAKES[0] = 0.5
        (performed,) = await asyncio.wait_for(near, 7.0)
        assert performed.outcome.good
        s.part(False)
        far.cancel()


async def test_a_call_that_takes_long_is_one_as_long_as_who_makes_it_lives() -> None:
    async with opened() as (_, level):
        TAKES[0] = 4.8
        first = asyncio.ensure_future(read(level, "east/a"))  # the level above hears of it by the one within
        await asyncio.sleep(0.5)
        performed = await read(level, "a", "b", "west/a", "east/b")
        assert len(ASKED) == 1
        assert all(one.outcome.good for one in (*performed, *await first))


async def test_who_waits_for_a_call_of_a_port_that_is_taken_out_of_use_does_not_make_it() -> None:
    async with opened() as (system, level):
        TAKES[0] = 3.0
        both = asyncio.gather(read(level, "a"), read(level, "b"), return_exceptions=True)
        await asyncio.sleep(1.0)
        control = system.named("library:control", Control).within(None)
        await control.call(Control.quarantine, Quarantine("books", "it lies"))
        ended = await both
        assert sorted(type(one).__name__ for one in ended) == ["Quarantined", "list"]
        assert len(ASKED) == 1
        assert await spent(level) == pytest.approx(0.04)


@pytest.mark.parametrize("what", ["forbidden", "suspended"])
async def test_who_may_no_longer_ask_does_not_get_the_answer_that_it_waited_for(what: str) -> None:
    async with opened() as (_, level):
        TAKES[0] = 4.5
        both = asyncio.gather(read(level, "a"), read(level, "b"), return_exceptions=True)
        await asyncio.sleep(0.5)
        if what == "forbidden":
            await level.call(ViableSystem.set_policy, Policy("not b", 1, not_b), "secret")
        else:
            await level.call(ViableSystem.suspend, "library/b", "it talks", 600.0)
        first, second = await both
        assert isinstance(first, list)
        assert type(second) is (PolicyDenied if what == "forbidden" else Suspended)
        assert len(ASKED) == 1
        assert await spent(level) == pytest.approx(0.04)


def test_the_invariants_hold_where_calls_are_shared() -> None:
    wanted = ["T-S1-autonomy", "T-S1-evidence", "T-S2-crash", "T-S3-conserve"]
    found = conformance(Library, only=wanted, task=lambda n: Task("read", {"what": n % 3}, id=f"task {n}"))
    assert not found.untried
    found.check()
