"""Units that want to be alone with something wait for system 2: what is not done for that is no failure."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.testing.vsm.bench import Bench
from cybernetic.vsm import Operation, Outcome, Port, Porter, Task, ViableSystem, unit
from tests.vsm.conformance.test_sound import tool

LONGEST = "cybernetic.testing.vsm.invariants.coordination.LONGEST"


class Alone(Operation):
    """One use of the tool, with nobody beside it."""

    async def handle(self, task: Task) -> Outcome:
        """And its receipt."""
        async with self.exclusive("tool", ttl=30):
            used = await self.use("tool", tool, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Turns(ViableSystem):
    """Two who take turns."""

    ports: ClassVar[Any] = {"tool": Port()}
    worker: ClassVar[Any] = Alone

    def units(self) -> list[Any]:
        """Two."""
        return [unit(self.worker, id=f"w{n}") for n in range(2)]


def test_who_waits_for_what_is_exclusive_is_not_asked_to_work_without_system_2() -> None:
    found = conformance(Turns, only=["T-S2-crash", "T-S2-mutex"])
    found.check()
    untried = [(one.invariant.name, one.untried) for one in found.untried]
    assert untried == [
        ("T-S2-crash", "turns/w0 waits for what is exclusive (tool), which system 2 gives"),
    ]


class Leaning(Alone):
    """Who does nothing without system 2, for no reason that it says."""

    async def handle(self, task: Task) -> Outcome:
        """Wait, where it is away."""
        if self.system.whereis("lean:coordination") is None:
            await asyncio.Event().wait()
        used = await self.use("tool", tool, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Lean(Turns):
    """Of such."""

    worker = Leaning


def test_work_that_goes_on_for_ever_without_system_2_is_found_out_with_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LONGEST, 30.0)
    found = conformance(Lean, only=["T-S2-crash"])
    assert [one.why for one in found.failures] == ["found: 0 of 10 tasks done in 30 s without it"]


def test_a_key_that_is_given_back_to_nobody_is_found_out_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unlease(self: Any, key: str, token: int) -> bool:
        """It is kept."""
        return True

    monkeypatch.setattr(Porter, "unlease", unlease)
    found = conformance(Turns, only=["T-S2-mutex"])
    assert [one.why for one in found.failures] == [
        "found: 60 s after one unit gave a key back the other that waits does not have it"
    ]


def test_what_is_raised_without_a_word_is_found_with_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    async def worked(self: Any, count: int) -> int:
        """It says nothing."""
        raise TimeoutError

    monkeypatch.setattr(Bench, "worked", worked)
    found = conformance(Turns, only=["T-P2"])
    assert [one.why for one in found.failures] == [
        "TimeoutError without a word, in `await bench.worked(TASKS)`"
    ]
