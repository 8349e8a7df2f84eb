"""The suite of invariants: a sound viable system has them all, and one that is broken is found out."""

from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.testing.vsm import conformance, run
from cybernetic.vsm import Operation, Outcome, Task, unit
from cybernetic.vsm.channels import Line
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.ports import Porter
from tests.support import soak
from tests.vsm.living.company import Company


def _task(n: int) -> Task:
    return Task("job", {"usd": 0.01}, id=f"task-{n}")


def test_a_sound_system_has_every_invariant_at_each_level() -> None:
    found = conformance(Company, task=_task)
    found.check()
    assert {one.path for one in found.found} == {"company", "company/division"}
    assert "T-S1-autonomy" in str(found)


def _broken(only: str) -> str:
    found = conformance(Company, task=_task, only=[only])
    assert not found.passed
    with pytest.raises(AssertionError, match=only):
        found.check()
    return found.failures[0].why


def test_a_line_that_carries_everything_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def relay(self: Any, note: Any) -> None:
        """Whatever it is."""

    monkeypatch.setattr(Line, "relay", relay)
    assert "carried from" in _broken("T-CH-topology")


def test_a_porter_that_believes_everything_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: Any, task: Any, outcome: Any) -> Any:
        """Whatever it is."""
        return ()

    monkeypatch.setattr(Porter, "close", close)
    assert "without a receipt" in _broken("T-S1-evidence")


def test_operations_that_need_system_3_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Operation.perform

    async def dependent(self: Any, task: Task) -> Any:
        await self.system.named("company:control", Control).call(Control.accounts)
        return await whole(self, task)

    monkeypatch.setattr(Operation, "perform", dependent)
    assert "without" in _broken("T-S1-autonomy")


def test_silence_that_nobody_feels_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr("cybernetic.vsm.algedonic.algedonode.Deadman.missed", lambda self, at: False)
    assert "nobody felt it" in _broken("T-P4")


def test_an_unknown_invariant_is_refused_with_those_there_are() -> None:
    with pytest.raises(OptionError, match="T-S1-autonomy"):
        conformance(Company, only=["T-NONE"])


class Idle(Operation):
    """Does nothing, and says so."""

    async def handle(self, task: Task) -> Outcome:
        """Not done."""
        return Outcome(None, good=False)


class Quiet(Company):
    """Of one idle unit."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Idle, id="idle")]


def test_the_same_seed_gives_the_same_hour() -> None:
    async def work(company: Any, chance: Any) -> None:
        for n in range(20):
            await company.submit(Task("job", {"usd": 0.01}, id=f"t{n}", to="company/solo"))

    hours = soak(1, 10) / 60
    first, second = (run(Company, hours=hours, seed=3, work=work) for _ in range(2))
    assert first.hash == second.hash
    assert first.good == len(first.tasks) == 20
    assert set(first.levels) == {"company", "company/division"}
    assert first.pages == ()


def test_an_hour_without_system_3_wakes_the_human() -> None:
    found = run(Quiet, hours=0.02, without={"s3"})
    assert found.pages
    assert found.pages[0][1].pain.index == "control silent"


@pytest.mark.parametrize(
    ("options", "text"),
    [({"hours": 0}, "hours"), ({"without": {"s6"}}, "without"), ({"hours": float("nan")}, "hours")],
)
def test_what_cannot_be_run_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        run(Company, **options)
