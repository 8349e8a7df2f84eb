"""`panorama`: ask a living viable system, level by level, for what an operations room shows."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

from cybernetic.core import CallError, CyberneticError, Refusal
from cybernetic.observe.telling import told
from cybernetic.observe.views import (
    Alarm,
    Figure,
    Flow,
    Forecast,
    Grip,
    Holding,
    LevelView,
    Money,
    Pace,
    Panorama,
    Proposal,
    Said,
)
from cybernetic.vsm import Index, Status, ViableSystem, now

PATIENCE = 5.0  # seconds for each question
TAIL = 50  # lines of each log that are shown
BATCH = 100  # entries that one question brings
HUMAN = "human"


async def panorama(
    system: Any, viable: Any, *, since: Mapping[str, int] | None = None, tail: int = TAIL
) -> Panorama:
    """What an operations room shows of a viable system, and of the levels within it.

    Args:
        system: it lives in: a `System`, or what an agent has as `self.system`.
        viable: the viable system: its address, or the name it was started under, as "shop".
        since: by level, the number of the line of its log that is known: only later ones are told. None: the last.
        tail: lines of each log that are told, at most.

    Whatever part gives no answer is named in `LevelView.silent`. Raises `CallError` if there is no such system.
    """
    top = system.named(viable, ViableSystem) if isinstance(viable, str) else viable
    paths = await top.within(PATIENCE).call(ViableSystem.levels)
    known = since or {}
    views = []
    for number, path in enumerate(paths):
        level = system.named(path, ViableSystem) if number else top
        views.append(await _level(system, level.within(PATIENCE), path, known.get(path), tail))
    return Panorama(now(), tuple(views))


async def _level(system: Any, level: Any, path: str, since: int | None, tail: int) -> LevelView:
    at = now()
    try:
        status = await level.call(ViableSystem.status)
    except CallError:
        return LevelView(path, silent=("level",))
    silent = [part for part in status.silent if part != "audit" or _audited(system.names, path)]
    found: dict[str, Any] = {}
    for part, method in (("control", ViableSystem.ledger), ("intelligence", ViableSystem.outlook)):
        if part not in silent:
            try:
                found[part] = await level.call(method)
            except (CallError, Refusal):
                silent.append(part)
    return LevelView(
        path,
        flows=_flows(status),
        figures=_figures(system, status),
        paces=tuple(Pace(port, rate, waits) for port, (rate, waits) in sorted(status.flows.items())),
        leases=tuple(Holding(key, one.holder, one.until) for key, one in sorted(status.leases.items())),
        money=_money(found.get("control"), status, at),
        forecasts=_forecasts(found.get("intelligence")),
        proposals=_proposals(found.get("intelligence")),
        alarms=tuple(_alarm(climb, path) for climb in status.alarms),
        standings=tuple((unit, standing.value) for unit, standing in sorted(status.standings.items())),
        grips=tuple(
            Grip(unit, one.rung.name.lower(), one.reason, one.until)
            for unit, one in sorted(status.interventions.items())
        ),
        silent=tuple(dict.fromkeys(silent)),
        log=await _log(level, path, since, tail),
    )


def _audited(names: Mapping[str, Any], path: str) -> bool:
    """Whether a level is to be audited: its class or one above it declares that, or its class is not known here."""
    steps = path.split("/")
    lineage = ["/".join(steps[:count]) for count in range(1, len(steps) + 1)]
    declared = [getattr(names[one].cls, "audit", None) for one in lineage if one in names]
    return path not in names or any(audit is not None for audit in declared)


def _flows(status: Status) -> tuple[Flow, ...]:
    units = sorted({*status.load, *status.accounts, *status.standings})
    return tuple(Flow(unit, status.arrived.get(unit), status.load.get(unit, 0)) for unit in units)


def _figures(system: Any, status: Status) -> tuple[Figure, ...]:
    """The last value of each index; what is declared of it, where the class of the unit is known here."""
    figures, names = [], system.names
    for unit, account in sorted(status.accounts.items()):
        declared = {index.name: index for index in _indices(names, unit)}
        for name, (value, source) in sorted(account.figures.items()):
            index = declared.get(name, Index(name))
            out = index.breach(value) is not None
            figures.append(
                Figure(unit, name, value, None, _best(index), cost=index.cost, out=out, source=source)
            )
    return tuple(figures)


def _indices(names: Mapping[str, Any], unit: str) -> tuple[Index, ...]:
    found = names[unit].cls if unit in names else None
    return tuple(one for one in getattr(found, "indices", ()) if isinstance(one, Index))


def _best(index: Index) -> float | None:
    """What an index might be at best, as it is declared: the good end of its limits. That a cost might be 0 says
    nothing.
    """
    if index.limits is None:
        return index.plan
    return (index.limits[0] or index.plan) if index.cost else index.limits[1]


def _money(allocator: Any, status: Status, at: float) -> tuple[Money, ...]:
    """The budget of the present epoch: what the level's own ledger says, and what units have told of theirs."""
    if allocator is None:
        return ()
    purse = allocator.purse
    ledger = purse.ledger(purse.epoch(at))
    lent = {key: one.upper for key, one in ledger.open.items() if key in allocator.floors}
    found = []
    for resource in ledger.grant.resources:
        held = {unit: upper.amount(resource) for unit, upper in lent.items()}
        taken = {
            unit: account.spent.amount(resource) for unit, account in status.accounts.items() if unit in held
        }
        found.append(
            Money(
                resource,
                granted=ledger.grant.amount(resource),
                lent=sum(held.values()),
                spent=ledger.spent.amount(resource),
                reserved=max(0.0, ledger.reserved.amount(resource) - sum(held.values())),
                taken=sum(taken.values()),
                until=_moment(ledger.until),
                units=tuple((unit, held[unit], taken.get(unit, 0.0)) for unit in sorted(held)),
            )
        )
    return tuple(found)


def _forecasts(outlook: Any) -> tuple[Forecast, ...]:
    if outlook is None:
        return ()
    return tuple(
        Forecast(unit, one.expected, one.low, one.high, one.mase, one.muted)
        for unit, one in sorted(outlook.arrivals.items())
    )


def _proposals(outlook: Any) -> tuple[Proposal, ...]:
    if outlook is None:
        return ()
    return tuple(
        Proposal(talk.proposal.issue, talk.state.value, talk.change, talk.at) for talk in outlook.proposals
    )


def _alarm(climb: Any, level: str) -> Alarm:
    pain = climb.pain
    return Alarm(
        pain.path,
        pain.index,
        pain.cause.value,
        climb.stage.value,
        _rungs(pain.path, level),
        climb.level,
        climb.owner or "",
        climb.since,
        climb.at,
        _moment(climb.due),
        pain.severity.name == "CRITICAL",
    )


def _rungs(path: str, level: str) -> tuple[str, ...]:
    """Who stands on the ladder of a pain felt in a level: where it hurts, that level, those above it, the human."""
    names = level.split("/")
    above = ["/".join(names[:count]) for count in range(len(names), 0, -1)]
    return (path, *above, HUMAN)


def _moment(at: float) -> float | None:
    return at if isfinite(at) and at < inf else None


async def _log(level: Any, path: str, since: int | None, tail: int) -> tuple[Said, ...]:
    """The last lines of a log; those after `since` where that is known."""
    try:
        after = await _near_end(level) if since is None else since
        entries: list[Any] = []
        while batch := await level.call(ViableSystem.decisions, after):
            entries += batch
            after = batch[-1].number
            if len(batch) < BATCH:
                break
    except CyberneticError:
        return ()
    return tuple(told(entry, path) for entry in entries[-tail:])


async def _near_end(level: Any) -> int:
    """A number not far before the last one of a log, found in few questions: a log may be long."""
    low, step = 0, BATCH
    while await level.call(ViableSystem.decisions, low + step):
        low, step = low + step, 2 * step
    while step > BATCH:
        step //= 2
        if await level.call(ViableSystem.decisions, low + step):
            low += step
    return max(0, low - BATCH)
