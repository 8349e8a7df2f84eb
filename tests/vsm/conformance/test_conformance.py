"""The suite of invariants: a sound viable system has them all, and one that is broken is found out."""

import os
import subprocess
import sys
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.testing.vsm import conformance, run
from cybernetic.vsm import (
    Audit,
    Channel,
    Felt,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    line_name,
    unit,
)
from cybernetic.vsm.channels import Line
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.ports import Porter
from cybernetic.vsm.ports.till import Till
from tests.architecture.tree import ROOT
from tests.support import soak
from tests.vsm.living.company import Company
from tests.vsm.living.test_three_levels import LEVELS, Holding


def _task(n: int) -> Task:
    return Task("job", {"usd": 0.01}, id=f"task-{n}")


def test_a_sound_system_has_every_invariant_at_each_level() -> None:
    found = conformance(Company, task=_task, only=["T-S1-autonomy", "T-S3-nested"])
    found.check()
    assert {one.path for one in found.found} == {"company", "company/division"}
    assert "T-S1-autonomy" in str(found)


def test_t_rec_the_suite_passes_unchanged_at_each_of_three_levels() -> None:
    found = conformance(Holding, task=_task)
    found.check()
    by_level = {path: {one.invariant.name for one in found.found if one.path == path} for path in LEVELS}
    assert by_level[LEVELS[0]] == by_level[LEVELS[1]] == by_level[LEVELS[2]]
    assert {one.path for one in found.found} == set(LEVELS)


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

    async def dependent(self: Any, task: Task, *others: Any) -> Any:
        await self.system.named("company:control", Control).call(Control.accounts)
        return await whole(self, task, *others)

    monkeypatch.setattr(Operation, "perform", dependent)
    assert "without" in _broken("T-S1-autonomy")


def test_silence_that_nobody_feels_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr("cybernetic.vsm.algedonic.deadmen.Deadmen.missed", lambda self, at: [])
    assert "nobody felt it" in _broken("T-P4")


def test_interventions_without_a_breach_or_without_an_end_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Interventions, "sparing", lambda self, *_: {"company/solo": (3.0, "")})
    assert "company/solo" in _broken("T-S3-sparing")
    monkeypatch.setattr(Interventions, "_lapse", lambda self, at: None)
    monkeypatch.setattr(
        Interventions,
        "holds",
        lambda self, unit: tuple(one for path, one in self.held.items() if path == unit),
    )
    assert "still held" in _broken("T-S3-expiry")


def test_a_channel_that_is_deaf_to_pain_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Line.carry

    def deaf(self: Any, note: Any) -> None:
        """All but what is felt."""
        if not isinstance(note.body, Felt):
            whole(self, note)

    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(Line, "carry", deaf)
    assert "not felt" in _broken("T-CH-isolation")
    assert "no page" in _broken("T-ALG-alive")
    assert "0 open signals" in _broken("T-ALG-once")
    assert "nobody felt it" in _broken("T-P4")


def test_pain_that_waits_behind_a_flood_on_another_channel_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, around = Line.carry, set[str]()

    def shared(self: Any, note: Any) -> None:
        """Pain goes by way of the channel of commands first."""
        if isinstance(note.body, Felt) and note.body.signal.index not in around:
            around.add(note.body.signal.index)
            self.system.named(line_name(self.level, Channel.COMMAND), Line).cast(Line.aside, note)
        else:
            whole(self, note)

    def aside(self: Any, note: Any) -> None:
        """And then on."""
        self.system.named(line_name(self.level, Channel.ALGEDONIC), Line).cast(Line.carry, note)

    monkeypatch.setattr(Line, "carry", shared)
    monkeypatch.setattr(Line, "aside", aside, raising=False)
    assert "went first" in _broken("T-CH-isolation")


def test_a_budget_that_is_spent_past_its_ledgers_is_found_out_by_the_receipts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert conformance(Company, task=_dear, only=["T-S3-conserve"]).passed

    async def free(self: Any, *args: Any, **keywords: Any) -> tuple[str, int]:
        """It is not counted."""
        self._serial += 1
        return f"{self._path}#{self._serial}", 0

    monkeypatch.setattr(Till, "reserve", free)
    found = conformance(Company, task=_dear, only=["T-S3-conserve"])
    assert "by the receipts" in found.failures[0].why


def _dear(n: int) -> Task:
    return Task("job", {"usd": 0.9}, id=f"task-{n}")


class Empty(ViableSystem):
    """Without units."""


class Around(Company):
    """Of one unit, and a level that has none."""

    budget: Any = None

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Kinds, id="own"), unit(Empty, id="empty")]


def test_what_cannot_be_tried_on_a_system_is_called_so_and_does_not_hold() -> None:
    found = conformance(Empty)
    untried = {one.invariant.name for one in found.untried}
    assert untried > {"T-S2-mutex", "T-S1-evidence", "T-S1-autonomy", "T-S3-conserve", "T-S3-nested", "T-P2"}
    assert all(
        not one.holds and "has no units" in str(one) for one in found.untried if "S1" in one.invariant.name
    )
    assert "not tried T-S2-mutex" in str(found)


def test_what_has_nothing_that_is_asked_for_has_not_passed() -> None:
    found = conformance(Outer, only=["T-S3-conserve"])
    assert not found.passed
    with pytest.raises(AssertionError, match="something to try"):
        found.check()


@pytest.mark.parametrize("only", [None, ["T-ALG-once"]])
def test_a_level_that_has_no_units_is_none_whatever_is_asked_of_it(only: Any) -> None:
    found = conformance(Around, only=only)
    assert {(one.invariant.name, one.path) for one in found.failures} == {("T-S1-units", "around/empty")}
    assert any(one.holds for one in found.found)
    assert "FAILS     T-S1-units         around/empty" in str(found)
    assert not found.passed
    with pytest.raises(AssertionError, match="a viable system without a system 1 is none"):
        found.check()


ASKED: list[str] = []


class Kinds(Operation):
    """Does what is its own."""

    async def handle(self, task: Task) -> Outcome:
        """With one use of the tool."""
        ASKED.append(f"{self.ref.name} {task.kind}")
        used = await self.use("tool", abs, len(task.id))
        return Outcome(used.value, evidence=[used.receipt])


class Inner(ViableSystem):
    """One that sorts."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Kinds, id="sort", kinds=["sort"])]


class Outer(ViableSystem):
    """One that pays beside a level that sorts."""

    ports = {"tool": Port()}  # noqa: RUF012

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Kinds, id="pay", kinds=["pay"]), unit(Inner, id="inner", kinds=["sort"])]


def test_whom_a_task_is_for_stays_and_other_levels_are_not_tried() -> None:
    ASKED.clear()
    found = conformance(
        Outer,
        task=lambda n: Task("pay", to="outer/pay", id=f"task-{n}"),
        only=["T-S2-crash", "T-S1-autonomy"],
    )
    found.check()
    assert set(ASKED) == {"outer/pay pay"}
    assert {one.path for one in found.untried} == {"outer/inner"}
    assert "to='outer/pay'" in found.untried[0].untried


def test_a_level_that_takes_no_task_of_those_that_are_made_is_not_tried() -> None:
    found = conformance(Outer, task=lambda n: Task("pay", id=f"task-{n}"), only=["T-S2-crash"])
    assert [one.holds for one in found.found] == [True, False]
    assert "'pay'" in found.untried[0].untried


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


LOOKED_AT: list[str] = []


class Inspected(Company):
    """Audited, by lots."""

    audit = Audit(probability=0.3, verify=lambda evidence: LOOKED_AT.append(evidence.task.id) is None)


async def _jobs(company: Any, chance: Any) -> None:
    """Tasks without ids of their own."""
    for _ in range(20):
        await company.submit(Task("job", {"usd": 0.01}, to="inspected/solo"))


def test_the_same_seed_draws_the_same_lots_for_audits_and_another_seed_others() -> None:
    def audits(seed: int) -> tuple[str, tuple[str, ...]]:
        LOOKED_AT.clear()
        found = run(Inspected, hours=1 / 60, seed=seed, work=_jobs)
        return found.hash, tuple(LOOKED_AT)

    assert audits(3) == audits(3)
    assert len({audits(seed)[1] for seed in range(2)}) == 2


SCRIPT = """
from tests.vsm.conformance.test_conformance import Inspected, _jobs
from cybernetic.testing.vsm import run
print(run(Inspected, hours=0.005, seed=3, work=_jobs).hash)
"""


def test_the_hash_is_the_same_in_every_process() -> None:
    def hashed(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=250,
        )
        return ran.stdout.decode()

    assert hashed("1") == hashed("2") != ""


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
