"""Whoever asks a viable system for something with a wrong value is told what is wrong, and nobody ends of it."""

import asyncio
from collections.abc import Callable, Mapping
from inspect import isfunction, signature
from math import inf, nan
from typing import Any

import pytest

from cybernetic import Ref, Supervisor
from cybernetic.core import Refusal
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Allow,
    ArgumentRefused,
    Away,
    Cause,
    Cost,
    NoOpenBill,
    NoSuchQuestion,
    NoSuchUnit,
    PainKey,
    Policy,
    Reception,
    Task,
    ViableSystem,
)
from cybernetic.vsm.decisions import NO_RULES
from cybernetic.vsm.homeostat import Bands
from tests.vsm.living.company import done, started

TEXT = (None, 7, -1, nan, b"text", ["text"], object())
WORD = ("", *TEXT)
WHOLE = (None, "5", -1, 1.5, nan, True, object())
VALUE = (None, 7, -1, nan, "text", {}, object())

Asked = tuple[Any, tuple[object, ...]]

ASKED: dict[Callable[..., Any], Mapping[str, Asked]] = {
    ViableSystem.submit: {"task": (Task("job"), (*VALUE, Task))},
    ViableSystem.ack: {
        "key": (
            PainKey("company/solo", "cost", Cause.EXIT.value),
            (*VALUE, PainKey(["company"], "cost", "exit")),  # type: ignore[arg-type]
        ),
        "by": ("human", WORD),
    },
    ViableSystem.suspend: {
        "unit": ("company/division/w0", WORD),
        "reason": ("why", TEXT),
        "seconds": (5.0, (None, "5", 0, -1, nan, inf, 10**400, True, object())),
    },
    ViableSystem.resume: {"unit": ("company/division/w0", WORD), "reason": ("why", TEXT)},
    ViableSystem.lift: {"port": ("tool", WORD), "why": ("why", TEXT)},
    ViableSystem.billed: {
        "receipt": ("company/division/w0#1", WORD),
        "cost": (Cost(usd=1), (*VALUE, Cost)),
    },
    ViableSystem.ablate: {"systems": ("s4", ("s9", *WORD))},
    ViableSystem.begun: {"path": ("company/division", WORD)},
    ViableSystem.decisions: {
        "since": (0, (*WHOLE, 2**63)),
        "kind": ("talk", ("\ud800", *WORD[:1], *WORD[2:])),
    },
    ViableSystem.set_policy: {"policy": (NO_RULES, (*VALUE, NO_RULES.decide, Policy)), "why": ("why", TEXT)},
    ViableSystem.retire_policy: {"name": ("rule", WORD), "why": ("why", TEXT)},
    ViableSystem.rollback_policy: {"name": ("rule", WORD), "version": (1, WHOLE), "why": ("why", TEXT)},
    ViableSystem.policy_changes: {"before": (1, WHOLE), "after": (1, WHOLE)},
    ViableSystem.answer: {
        "question": ("company/division?1", WORD),
        "verdict": (Allow(), (*VALUE, Allow)),
        "by": ("human", WORD),
    },
    ViableSystem.set_bands: {"bands": (Bands(), (*VALUE, Bands)), "why": ("why", TEXT)},
}
"""What may be asked: of each argument a value that is one, and others that are none."""

HOOKS = {"children", "units"}

INHERITED = (Supervisor.start_child, Supervisor.terminate_child, Supervisor.restart_child)
INHERITED += (Supervisor.delete_child, Supervisor.get_childspec)


def arguments(method: Callable[..., Any]) -> tuple[str, ...]:
    """The names of what it takes."""
    return tuple(signature(method).parameters)[1:]


async def everybody(top: Ref[Any]) -> dict[tuple[object, ...], Any]:
    """Every agent below a supervisor, by the ids on the way to it."""
    found, ahead = dict[tuple[object, ...], Any](), [((), top)]
    while ahead:
        way, at = ahead.pop()
        for one in await at.call(Supervisor.which_children):
            here = (*way, one.id)
            found[here] = one.ref
            if one.kind == "supervisor":
                ahead.append((here, one.ref))
    return found


async def all_wrong(level: Any, method: Callable[..., Any]) -> None:
    """Each argument of it is given what is none, the others what they should be."""
    names = arguments(method)
    for at, name in enumerate(names):
        for wrong in ASKED[method][name][1]:
            given = [ASKED[method][one][0] for one in names]
            given[at] = wrong
            with pytest.raises(ArgumentRefused, match=rf"^{name}: expected .*, got: "):
                await level.call(method, *given)


def test_all_that_may_be_asked_for_is_tried_here() -> None:
    names = {name for name in dir(ViableSystem) if not name.startswith("_") and not hasattr(Agent, name)}
    known = [getattr(ViableSystem, name) for name in names - HOOKS]
    assert {one for one in known if isfunction(one) and arguments(one)} == {*ASKED, *INHERITED}
    assert all(tuple(asked) == arguments(method) for method, asked in ASKED.items())


async def test_what_is_no_value_of_an_argument_is_refused_by_its_name_and_all_live_on() -> None:
    async with started() as (system, company):
        job = asyncio.ensure_future(done(company, "company/division/w0"))
        await asyncio.sleep(0.1)
        before = await everybody(company)
        for level in (company, system.named("company/division", ViableSystem)):
            for method in ASKED:
                await all_wrong(level, method)
            for inherited in INHERITED:
                for wrong in VALUE:
                    with pytest.raises(Refusal):
                        await level.call(inherited, wrong)
        await asyncio.sleep(5.0)
        assert await everybody(company) == before
        assert (await job).outcome.good  # who waited, waited on
        assert (await done(company, "company/division/w1")).outcome.good
        assert await company.call(ViableSystem.alarms) == ()


async def test_nobody_ends_of_a_slip_at_the_top_nor_of_one_that_is_cast() -> None:
    async with started() as (system, company):
        other = await system.start(Agent, name="nobody's business")
        company.cast(ViableSystem.suspend, "company/solo", "why", -1.0)
        company.cast(ViableSystem.begun, None)  # type: ignore[arg-type]
        assert (await done(company, "company/solo")).outcome.good
        assert system.alive(other)


async def test_what_is_a_value_and_means_nothing_here_is_refused_as_before() -> None:
    async with started() as (_, company):
        with pytest.raises(NoSuchUnit):
            await company.call(ViableSystem.suspend, "company/nobody", "why", 5.0)
        with pytest.raises(ArgumentRefused, match=r"systems: expected one of 'algedonic', .*, got: 's9'"):
            await company.call(ViableSystem.ablate, "s4", "s9")
        assert (
            "intelligence" not in (await company.call(ViableSystem.status)).silent
        )  # nothing of it was done
        with pytest.raises(ArgumentRefused, match="verdict: expected an Allow or a Deny, got: 'yes'"):
            await company.call(ViableSystem.answer, "company?1", "yes", "human")  # type: ignore[arg-type]


NOWHERE = {
    "suspend": (ViableSystem.suspend, lambda path: (path, "why", 5.0), NoSuchUnit, "unit"),
    "resume": (ViableSystem.resume, lambda path: (path,), NoSuchUnit, "unit"),
    "billed": (ViableSystem.billed, lambda path: (f"{path}#1", Cost(usd=1)), NoSuchUnit, "receipt"),
    "ack": (ViableSystem.ack, lambda path: (PainKey(path, "cost", "exit"), "me"), NoSuchUnit, "key"),
    "answer": (ViableSystem.answer, lambda path: (f"{path}?1", Allow(), "me"), NoSuchQuestion, "id"),
}
"""What is asked about something at a path, and what it is refused with, by what name, where there is nothing."""


@pytest.mark.parametrize("name", NOWHERE)
async def test_what_is_nowhere_is_refused_by_the_name_of_the_argument_that_says_it(name: str) -> None:
    method, given, refusal, argument = NOWHERE[name]
    async with started() as (_, company):
        for path in ("nowhere", "company/nope", "company/division/nope", "company/solo/nope"):
            with pytest.raises(refusal, match=rf"^{argument}: expected .*, got: .*{path}[?#']"):
                await company.call(method, *given(path))


async def test_only_a_level_puts_questions_and_only_its_units_call() -> None:
    async with started() as (_, company):
        for unit in ("company/solo", "company/division/w0"):
            with pytest.raises(NoSuchQuestion):
                await company.call(ViableSystem.answer, f"{unit}?1", Allow(), "me")
            late = await company.call(ViableSystem.ack, PainKey(unit, "cost", "exit"), "me")
            assert late is Reception.LATE  # it may have hurt
        for level in ("company", "company/division"):
            with pytest.raises(NoOpenBill):
                await company.call(ViableSystem.billed, f"{level}#1", Cost(usd=1))
        await company.within(None).call(ViableSystem.ablate, "s5")
        with pytest.raises(Away):  # it is there, but nobody answers
            await company.call(ViableSystem.answer, "company/division?1", Allow(), "me")


async def test_a_pain_is_of_a_cause_that_there_is() -> None:
    async with started() as (_, company):
        with pytest.raises(ArgumentRefused, match=r"^key: expected a cause among \['limits', .*, got: "):
            await company.call(ViableSystem.ack, PainKey("company/solo", "cost", "nocause"), "me")
