"""Each exported figure names the event it is from: what perturbs the source moves the figure, and its name with it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import OptionError
from cybernetic.vsm import Role, Saved, Status, ViableSystem, now
from cybernetic.vsm.channels.line import LineState
from cybernetic.vsm.coordination.messages import LeaseWithdrawal, PaceRequest, Refused, UsedPort
from cybernetic.vsm.homeostat.balance import Balance, Balanced, BandIndex
from cybernetic.vsm.intelligence.messages import Expectation, Outlook, PortHealth
from cybernetic.vsm.operations.messages import Accountability
from cybernetic.vsm.status import SOURCED
from tests.vsm.living import sourced as by
from tests.vsm.living.company import PAGER, TOOL, done, started
from tests.vsm.living.sourced import A, B, Shop, Stage
from tests.vsm.living.test_intelligence import Skewed, come

SETTLED = 6.0  # seconds, after which what was of one round only is over
MOST = 400  # looks until a figure has to have moved
LINE = "coordination"


@dataclass(frozen=True)
class Seen:
    """All that is exported of a level, at one time."""

    status: Status
    outlook: Outlook
    balanced: Balanced


Figure = tuple[Any, str]  # a value, and what it names as its source


@dataclass(frozen=True)
class Case:
    """How a figure is read, and what moves it."""

    read: Callable[[Seen], Figure]
    move: by.Move


def plain(name: str, key: str, move: by.Move, part: int | None = None) -> Case:
    """A field of the status, or a part of it."""

    def read(seen: Seen) -> Figure:
        value = getattr(seen.status, name).get(key)
        return value if part is None else value[part], seen.status.source(name, key)

    return Case(read, move)


def index(name: str, move: by.Move) -> Case:
    """A figure of an account."""
    return Case(lambda seen: seen.status.accounts[A].figures.get(name, (None, "")), move)


def account(name: str, source: str, move: by.Move) -> Case:
    """Another field of an account."""

    def read(seen: Seen) -> Figure:
        known = seen.status.accounts[A]
        return getattr(known, name), known.sources.get(source, "")

    return Case(read, move)


def line(name: str, move: by.Move) -> Case:
    """Of a channel."""
    return Case(
        lambda seen: (getattr(seen.status.channels[LINE], name), seen.status.channels[LINE].source), move
    )


def saved(name: str) -> Case:
    """Of what was saved."""
    return Case(lambda seen: (getattr(seen.status.saved[B], name), seen.status.saved[B].last), by.shared)


def expected(name: str, move: by.Move) -> Case:
    """Of what system 4 expects to come."""

    def read(seen: Seen) -> Figure:
        known = seen.outlook.arrivals.get(A)
        return known and getattr(known, name), seen.outlook.sources.get("arrivals", {}).get(A, "")

    return Case(read, move)


def port(name: str) -> Case:
    """Of how a port serves."""

    def read(seen: Seen) -> Figure:
        known = seen.outlook.ports.get("limited")
        return known and getattr(known, name), seen.outlook.sources.get("ports", {}).get("limited", "")

    return Case(read, by.served)


def balance(name: str, move: by.Move) -> Case:
    """Of the balance."""

    def read(seen: Seen) -> Figure:
        assert seen.balanced.running is not None
        return getattr(seen.balanced.running, name), seen.balanced.running.sources.get(name, "")

    return Case(read, move)


def band(name: str, move: by.Move) -> Case:
    """Of the indices of the balance."""

    def read(seen: Seen) -> Figure:
        found = seen.balanced.indices[name]
        return found.value, found.source

    return Case(read, move)


def last(seen: Seen) -> Figure:
    """What was reallocated in the last period."""
    known = seen.balanced.last
    return (None, "") if known is None else (known.reallocations, known.sources["reallocations"])


CASES = {
    "Status.arrived": plain("arrived", A, by.task()),
    "Status.load": plain("load", A, by.given()),
    "Status.sparing": plain("sparing", A, by.suspended),
    "Status.sparing of a task": plain("sparing", A, by.sparing),
    "Status.flows": plain("flows", "limited", by.refused, 0),
    "Status.flows that wait": plain("flows", "paced", by.crowded, 1),
    "Status.flows that are let go": plain("flows", "paced", by.let_go, 1),
    "Status.standings": plain("standings", A, by.audited),
    "Status.standings that are lifted": plain("standings", A, by.lifted),
    "Status.standings in doubt": plain("standings", A, by.doubted),
    "Status.gaps": plain("gaps", A, by.inspected),
    "Status.saved": saved("calls"),
    "Status.saved as money": saved("spend"),
    "Accountability.figures": index("cycle_time", by.slower()),
    "Accountability.figures of success": index("success", by.fails_and_mends),
    "Accountability.figures of cost": index("cost", by.slower()),
    "Accountability.done": account("done", "done", by.task()),
    "Accountability.failed": account("failed", "failed", by.failing(fails=True)),
    "Accountability.failed as it says": account("failed", "failed", by.failing(good=False)),
    "Accountability.waiting": account("waiting", "waiting", by.given()),
    "Accountability.spent": account("spent", "spent", by.call()),
    "Accountability.aside": account("aside", "spent", by.under_way),
    "Accountability.overrun": account("overrun", "spent", by.overrun),
    "LineState.carried": line("carried", by.note()),
    "LineState.refused": line("refused", by.note(role=Role.POLICY)),
    "LineState.late": line("late", by.note(deadline=0.0)),
    "LineState.lost": line("lost", by.note()),
    "LineState.utilisation": line("utilisation", by.note()),
    "LineState.age": line("age", by.aged),
    "Expectation.expected": expected("expected", by.comes),
    "Expectation.low": expected("low", by.comes),
    "Expectation.high": expected("high", by.comes),
    "Expectation.mase": expected("mase", by.known),
    "Expectation.calibration": expected("calibration", by.known),
    "PortHealth.calls": port("calls"),
    "PortHealth.bad": port("bad"),
    "PortHealth.expected": port("expected"),
    "Outlook.strange": Case(
        lambda seen: (seen.outlook.strange, seen.outlook.sources.get("strange", {}).get("", "")), by.strange
    ),
    "Balance.run_spend": balance("run_spend", by.call()),
    "Balance.change_spend": balance("change_spend", by.changed),
    "BandIndex.value": band("change_share", by.run),
    "Balanced.last": Case(last, by.reported),
}


READ_OFF = {  # what is no measurement, and what it is
    "Status": {
        "path": "a name",
        "silent": "who gave no answer",
        "accounts": "see `Accountability`",
        "interventions": "what stands, and names its index",
        "commanded": "revisions, that name themselves",
        "leases": "what stands, and names its holder",
        "alarms": "what stands, and names its pain",
        "known": "revisions, that name themselves",
        "channels": "see `LineState`",
        "sources": "the sources",
    },
    "Accountability": {
        "path": "a name",
        "reports": "names its epoch",
        "acting": "a revision",
        "aches": "read off the figures",
        "commanded": "a revision",
        "purse": "an id",
        "saved": "see `Saved`",
        "sources": "the sources",
    },
    "Saved": {"last": "the source"},
    "LineState": {
        "channel": "a name",
        "dropped": "nobody knows what it was",
        "source": "the source",
    },
    "Outlook": {
        "tick": "declared",
        "ahead": "declared",
        "arrivals": "see `Expectation`",
        "ports": "see `PortHealth`",
        "proposals": "have ids of their own",
        "premises": "name their unit",
        "out": "names",
        "found": "names",
        "sources": "the sources",
    },
    "Expectation": {"muted": "read off its error"},
    "PortHealth": {},
    "Balance": {"hours": "the clock", "sources": "the sources"},
    "Balanced": {"running": "see `Balance`", "bands": "what is wanted"},
    "BandIndex": {"low": "what is wanted", "high": "what is wanted", "source": "the source"},
}
TALKED_OF = {"control", "intelligence", "reallocations", "proposals", "reversed"}
EXPORTED = (
    *(Status, Accountability, Saved, LineState),
    *(Outlook, Expectation, PortHealth, Balance, Balanced, BandIndex),
)


@asynccontextmanager
async def shop() -> AsyncIterator[Stage]:
    """A shop at work, of which nothing is said yet."""
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    by.LIES.clear()
    by.BROKEN.clear()
    async with System(seed=3) as system:
        stage = Stage(system, await system.start(Shop, name="shop"))
        await asyncio.sleep(SETTLED)
        yield stage


async def seen(stage: Stage) -> Seen:
    """What is seen now."""
    level = stage.level
    return Seen(
        await level.call(ViableSystem.status),
        await level.call(ViableSystem.outlook),
        await level.call(ViableSystem.balance),
    )


def moved(before: Figure, after: Figure, source: str) -> bool:
    """Whether a figure is another, and names what moved it."""
    said = after[1]
    return before[0] != after[0] and said not in ("", before[1]) and said.startswith(source)


@pytest.mark.parametrize("name", CASES)
async def test_a_figure_moves_with_its_source_and_names_it(name: str) -> None:
    case = CASES[name]
    async with shop() as stage:
        for n in range(2):
            before = case.read(await seen(stage))
            source = await case.move(stage, n)
            for _ in range(MOST):
                after = case.read(await seen(stage))
                if moved(before, after, source):
                    break
                await asyncio.sleep(0.2)
            assert moved(before, after, source), (n, before, after, source)
            await asyncio.sleep(SETTLED)


@pytest.mark.parametrize("cls", EXPORTED)
def test_of_all_that_is_exported_it_is_tried_or_said_why_not(cls: Any) -> None:
    tried = {name.split()[0].split(".")[1] for name in CASES if name.startswith(f"{cls.__name__}.")}
    tried |= TALKED_OF if cls is Balance else set()
    tried |= {"spend", "calls"} if cls is Saved else set()  # as `Status.saved`
    aside = READ_OFF[cls.__name__].keys()
    assert not tried & aside
    assert tried | aside == {field.name for field in fields(cls)}


def flows(status: Status) -> dict[str, Figure]:
    """Of each port, with what moved it."""
    return {port: (flow, status.source("flows", port)) for port, flow in status.flows.items()}


async def test_what_moves_no_flow_is_not_named_as_what_moved_it() -> None:
    async with shop() as stage:
        stage.carry(sender=Role.PORTER, path_from=A, body=Refused("limited", 0.1))
        await asyncio.sleep(SETTLED)
        before = flows((await seen(stage)).status)
        for body in (UsedPort("limited", 1.0), LeaseWithdrawal(None), PaceRequest("limited", id="through")):
            stage.carry(sender=Role.PORTER, path_from=A, body=body)
            await asyncio.sleep(2.5)  # units ask for their leases anew
            assert flows((await seen(stage)).status) == before
        assert before["limited"][1] == "note-1"
        assert before["paced"] == ((0.095, 0), "")  # nothing has moved it since it began


async def test_a_flow_that_nobody_waits_for_any_more_names_who_did() -> None:
    async with shop() as stage:
        wish = PaceRequest("paced", id="in vain")
        stage.carry(sender=Role.PORTER, path_from=A, body=wish, deadline=now() + 1.0)
        await asyncio.sleep(0.1)
        assert flows((await seen(stage)).status)["paced"] == ((0.095, 1), "note-1")
        await asyncio.sleep(7.0)
        assert flows((await seen(stage)).status)["paced"] == ((0.095, 0), "in vain")


async def test_what_systems_3_and_4_talk_of_moves_the_balance_which_names_the_proposal() -> None:
    async with started(Skewed) as (system, company):

        async def found() -> dict[str, Figure]:
            balance = (await company.call(ViableSystem.balance)).running
            assert balance is not None
            return {name: (getattr(balance, name), balance.sources.get(name, "")) for name in TALKED_OF}

        looks = [await found()]
        for ticks in (range(45), range(45, 60)):
            await come(system, "skewed", ticks)
            looks.append(await found())
        await asyncio.sleep(90.0)  # nothing comes any more: what is in force is taken back
        looks.append(await found())
        talks = [one.proposal.id for one in (await company.call(ViableSystem.outlook)).proposals]
        for name in TALKED_OF:
            steps = [(one[name], other[name]) for one, other in itertools.pairwise(looks)]
            assert looks[0][name][1] == ""
            assert looks[-1][name][1] in talks
            assert any(one[0] != other[0] and one[1] != other[1] for one, other in steps), name
        assert [one["intelligence"][1] for one in looks[1:3]] == [talks[1], talks[3]]
        assert looks[-1]["reversed"] == (1, talks[-1])
        assert looks[-1]["reallocations"][1] == talks[-1]


async def test_the_account_of_a_level_names_what_moved_it_last_in_its_units() -> None:
    async with started() as (_, company):
        await asyncio.sleep(3.0)
        for n in (1, 2):
            performed = await done(company, f"company/division/w{n - 1}", usd=0.1)
            await asyncio.sleep(4.0)
            account = (await company.call(ViableSystem.status)).accounts["company/division"]
            assert account.sources["spent"] == performed.receipts[-1].id
            assert account.sources["done"] == performed.task
            assert account.spent.amount("usd") == pytest.approx(0.1 * n)


async def test_all_tasks_since_the_last_account_are_in_the_next() -> None:
    async with shop() as stage:
        TOOL.takes = 0.01
        for fails in (False, True, False, True, False):
            await stage.do(fails=fails)
        account = (await seen(stage)).status.accounts[A]
        while account.sources.get("done") != "task-5":
            await asyncio.sleep(0.1)
            account = (await seen(stage)).status.accounts[A]
        assert (account.done, account.failed) == (3, 2)
        assert account.sources["failed"] == "task-4"


async def test_what_is_set_aside_names_the_call_that_ended_last_and_not_that_which_began_last() -> None:
    async with shop() as stage:
        stage.begin(seconds=[6.0, 1.0])
        for after, aside, call in ((3.0, 0.1, "shop/a#2"), (5.0, 0.0, "shop/a#1")):
            await asyncio.sleep(after)
            account = (await seen(stage)).status.accounts[A]
            assert account.aside.amount("usd") == pytest.approx(aside)
            assert account.sources["spent"] == call


async def test_what_is_no_field_with_sources_is_refused_and_no_silence() -> None:
    async with shop() as stage:
        status = await stage.level.call(ViableSystem.status)
        assert {name for name in status.sources if status.source(name, "none") == ""} == set(SOURCED)
        with pytest.raises(OptionError, match=r"^field: expected one of 'arrived', .*, got: 'nonsense'"):
            status.source("nonsense", A)
