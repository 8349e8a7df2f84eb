"""Why: what a task, a lie or a pain leads to is traced to one root, in what channels carry and in the log."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Allow,
    Clocks,
    Cost,
    Escalate,
    Index,
    Note,
    Operation,
    Outcome,
    Policy,
    PolicyDenied,
    Role,
    Task,
    ViableSystem,
    unit,
)
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.messages import Ack, Felt, Told
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels import Line
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.inspection.messages import Completed, Discrepancy, Probe, Quarantine
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey
from cybernetic.vsm.operations.messages import Arrived, Command, Intervention, Redo
from cybernetic.vsm.operations.task import Assignment
from tests.vsm.living.company import TOOL, Company, started
from tests.vsm.living.pain.ladder import Human, levels, node
from tests.vsm.living.pain.test_last_resort import Unheard
from tests.vsm.living.test_deep_afar import relieve as relieve_at
from tests.vsm.living.test_redo import Prices, refund, till

Trace = dict[str, Note]  # by id


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Trace:
    """What the lines of all levels carry from now on."""
    trace: Trace = {}
    accepts: Callable[..., bool] = Line._accepts

    def noted(line: Line, note: Note) -> bool:
        trace[note.id] = note
        return accepts(line, note)

    monkeypatch.setattr(Line, "_accepts", noted)
    return trace


def chain(trace: Trace, cause: str | None) -> list[Any]:
    """What an effect goes back to, from note to note: what they said, and in the end what is no note."""
    found: list[Any] = []
    while cause in trace:
        found.append(type(trace[cause].body))
        cause = trace[cause].cause
    return [*found, cause]


def said(trace: Trace, body: type, path: str = "") -> list[Note]:
    """The notes with such a body, to or from a path, or below it."""
    return [
        one
        for one in trace.values()
        if type(one.body) is body and (one.path_to.startswith(path) or one.path_from.startswith(path))
    ]


async def lines(system: Any, path: str, kind: str, word: str = "") -> list[Any]:
    """What stands in the log of a level, of a kind, with a word in it."""
    books = system.named(f"{path}:books", Books)
    return [one for one in await books.call(Books.entries, 0, kind) if word in repr(one.body)]


async def test_a_finding_its_pain_the_quarantine_and_the_redo_are_traced_to_the_task_found_false(
    carried: Trace,
) -> None:
    async with started(till()) as (system, company):
        await refund(company, *range(30))
        Prices.lies = True
        await refund(company, *range(1000, 1030))
        await asyncio.sleep(5.0)
        (quarantine,) = await lines(system, "till", "quarantine")
        root = quarantine.root
        (found,) = await lines(system, "till", "finding", f"'task': {root!r}")
        (told,) = await lines(system, "till", "finding", "'gap'")
        redone = (await lines(system, "till", "redone"))[0]
        pain = (await lines(system, "till", "pain", "'discrepancy'"))[0]
        assert {one.root for one in (found, told, redone, pain)} == {root}
        assert chain(carried, found.cause) == [Completed, root]
        assert chain(carried, pain.cause) == [Felt, Completed, root]
        for one in (told, quarantine, redone):
            assert chain(carried, one.cause) == [Discrepancy, Completed, root]
        notes = [said(carried, body)[0] for body in (Probe, Felt, Discrepancy, Redo)]
        notes += [one for one in said(carried, Command) if one.body.quarantined]
        again = [one for one in said(carried, Assignment) if one.body.anew]
        assert len(notes) == 4 + 2
        assert len(again) >= 3
        assert all(chain(carried, one.id)[-1] == root for one in (*notes[1:], *again))
        assert {one.root for one in (*notes[1:], *again)} == {root}
        assert chain(carried, again[0].cause) == [Redo, Discrepancy, Completed, root]
        assert {one.disturbance for one in again} == {one.body.task.id for one in again}


def dear(action: Any, context: Any) -> Any:
    """What is dear is somebody else's to decide."""
    return Escalate("owner", deadline=5.0)


class Asked(Company):
    """Whose units may decide nothing."""

    policies: ClassVar[Any] = (Policy("dear", 1, dear),)


async def test_the_notes_of_a_task_have_one_root_through_two_levels(carried: Trace) -> None:
    async with started(Asked) as (_, company):
        with suppress(PolicyDenied):
            await company.within(None).call(
                ViableSystem.submit, Task("job", {}, to="asked/division", id="one")
            )
        notes = [note for note in carried.values() if note.disturbance == "one"]
        assert {note.root for note in notes} == {"one"}
        assert all(note.cause in carried or note.cause == "one" for note in notes)
        outer, inner = said(carried, Assignment)
        assert (outer.path_to, inner.path_from) == ("asked/division", "asked/division")
        assert inner.cause == outer.id
        assert [one.cause for one in said(carried, Arrived)] == ["one", outer.id]
        assert chain(carried, said(carried, Referral)[-1].cause)[-1] == "one"


async def test_what_becomes_of_a_question_is_traced_to_the_task_over_a_restart_of_system_5(
    carried: Trace,
) -> None:
    async with started(Asked) as (system, company):
        task = Task("job", {}, to="asked/division", id="one")
        work = asyncio.ensure_future(company.within(None).call(ViableSystem.submit, task))
        await asyncio.sleep(2.0)
        policy = system.whereis("asked/division:policy", Agent)
        assert policy is not None
        policy.exit(Kill())
        await asyncio.sleep(1.0)
        (question,) = await company.call(ViableSystem.questions)
        await company.call(ViableSystem.answer, question, Allow(), "who may not")
        with suppress(PolicyDenied):
            await work
        for kind in ("question", "answer", "decision"):
            (entry,) = await lines(system, "asked/division", kind)
            assert entry.root == "one", kind
            assert chain(carried, entry.cause) == [Referral, Referral, "one"]


async def test_what_is_done_by_hand_is_an_incident_of_its_own(carried: Trace) -> None:
    async with started(Plant) as (system, company):
        await asyncio.sleep(2.5)
        await company.call(ViableSystem.suspend, "plant/section/slow", "to see", 5.0)
        await company.call(ViableSystem.resume, "plant/section/slow")
        await company.call(ViableSystem.lift, "tool", "to see")
        await asyncio.sleep(1.0)
        done = await lines(system, "plant/section", "intervention")
        done += await lines(system, "plant", "quarantine")
        assert [one.body.get("rung") for one in done] == ["SUSPEND", "RESUMED", None]
        assert all(one.root.startswith("incident-") and one.cause == one.root for one in done)
        assert len({one.root for one in done}) == 3
        told = [one.root for one in said(carried, Command, "plant/section/slow")]
        assert told[:2] == [one.root for one in done[:2]]


class Slow(Operation):
    """Takes longer than it may."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 0.1), cost=True)]

    async def handle(self, task: Task) -> Outcome:
        """One call."""
        used = await self.use("tool", TOOL, task.id, upper=Cost(usd=0.1))
        return Outcome(1, evidence=[used.receipt])


class Section(ViableSystem):
    """Whose system 3 is away: what hurts in it comes up."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Slow, id="slow")]


class Plant(Company):
    """Quick clocks; nothing that is counted."""

    budget: ClassVar[Any] = None
    clocks = Clocks(ack=1.0, recovery=5.0)

    def units(self) -> list[Any]:
        """A level within, and a unit beside it."""
        return [unit(Section, id="section", floor=0.2), unit(Slow, id="slow", floor=0.2)]


async def once(company: Any, to: str) -> None:
    """One task, that takes too long."""
    await asyncio.sleep(2.5)
    await company.within(None).call(ViableSystem.submit, Task("job", to=to, id="one"))


async def test_what_is_done_about_a_pain_is_traced_to_the_task_at_which_it_began_to_hurt(
    carried: Trace,
) -> None:
    async with started(Plant) as (system, company):
        await once(company, "plant/slow")
        await asyncio.sleep(20.0)
        pains = await lines(system, "plant", "pain", "'plant/slow'")
        assert {one.body["what"] for one in pains} >= {"Raised", "Owned"}
        assert {one.root for one in pains} == {"one"}
        assert all(chain(carried, one.cause) == [Felt, Assignment, "one"] for one in pains)
        done = (await lines(system, "plant", "intervention", "'plant/slow'"))[0]
        assert (done.root, chain(carried, done.cause)) == ("one", [Told, Felt, Assignment, "one"])
        assert {one.disturbance for one in (*said(carried, Told), *said(carried, Ack))} == {"one"}
        command = next(one for one in said(carried, Command, "plant/slow") if one.body.held)
        assert chain(carried, command.cause) == [Told, Felt, Assignment, "one"]


async def test_a_pain_that_comes_up_has_the_root_that_it_has_below_also_after_a_restart_of_who_felt_it(
    carried: Trace,
) -> None:
    async with started(Plant) as (system, company):
        section = system.named("plant/section", ViableSystem)
        await section.within(None).call(ViableSystem.ablate, "s3")
        await once(company, "plant/section")
        node = system.whereis("plant/section:algedonode", Agent)
        assert node is not None
        node.exit(Kill())
        await asyncio.sleep(30.0)
        told = [one for one in said(carried, Told) if one.path_to == "plant" and one.role is Role.CONTROL]
        told = [one for one in told if one.body.pain.path == "plant/section/slow"]
        assert told
        for one in told:
            assert one.root == "one"
            assert chain(carried, one.cause) == [Felt, Assignment, Assignment, "one"]


async def test_what_a_level_commands_has_one_root_in_the_logs_of_both_levels(carried: Trace) -> None:
    async with started(Plant) as (system, _):
        await asyncio.sleep(2.5)
        control = system.named("plant:control", Control)
        note = Note(Role.AUDIT, Role.AUDIT, "plant", Role.CONTROL, "plant", None, "n", "lie", "m", "lie")  # type: ignore[arg-type]
        await control.call(Control.quarantine, Quarantine("tool", "it lies"), note.why)
        await asyncio.sleep(1.0)
        (above,) = await lines(system, "plant", "quarantine")
        (within,) = await lines(system, "plant/section", "quarantine")
        assert (above.root, above.cause) == ("lie", "n")
        assert (within.root, chain(carried, within.cause)) == ("lie", [Command, "n"])
        assert {one.root for one in said(carried, Command, "plant/section")} == {"lie"}


async def test_what_is_denied_as_no_human_answered_is_traced_to_what_hurts(carried: Trace) -> None:
    async with started(Unheard) as (system, _):
        await asyncio.sleep(2.5)
        pain = Pain("unheard/solo", "fire", Cause.EXIT)
        await system.named("unheard:algedonode", Algedonode).call(Algedonode.feel, pain)
        await asyncio.sleep(60.0)
        (root,) = {entry.root for entry in await lines(system, "unheard", "pain", "'fire'")}
        assert {entry.root for entry in await lines(system, "unheard", "intervention")} == {root}
        assert {note.root for note in said(carried, Intervention)} == {root}


async def test_what_nobody_spoke_of_is_an_incident_of_its_own(carried: Trace) -> None:
    async with started(Plant) as (system, _):
        await asyncio.sleep(2.5)
        pain = Pain("plant/slow", "fire", Cause.EXIT)
        await system.named("plant:algedonode", Algedonode).call(Algedonode.feel, pain)
        await asyncio.sleep(2.0)
        (one,) = {entry.root for entry in await lines(system, "plant", "pain", "'fire'")}
        assert one.startswith("incident-")
        assert {note.disturbance for note in said(carried, Told)} == {one}


async def test_what_a_pain_costs_does_not_depend_on_how_many_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = [0]
    ordinary = PainKey.__hash__

    def counted(key: PainKey) -> int:
        looked[0] += 1
        return ordinary(key)

    async with levels(Human()) as system:
        feels = node(system, 2)
        costs = []
        for _ in range(2):
            await asyncio.sleep(120.0)
            monkeypatch.setattr(PainKey, "__hash__", counted)
            before = looked[0]
            await feels.call(Algedonode.feel, Pain("firm", "fire", Cause.INVARIANT))
            costs.append(looked[0] - before)
            monkeypatch.undo()
            for n in range(100):
                one = Pain("firm", f"over {n}", Cause.INVARIANT)
                await feels.call(Algedonode.feel, one)
                relieve_at(system, one, "firm")
                await asyncio.sleep(1.0)
        assert costs[0] > 10
        assert costs[1] < 2 * costs[0]
