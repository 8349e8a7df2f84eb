"""How a level is, in one value: asked of each part that lives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cybernetic.core import CallError, one_of
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.audit.record import Standing
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name
from cybernetic.vsm.channels.line import Line, LineState
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.ladder.climb import Climb
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.messages import Accountability, Intervention
from cybernetic.wire import travels

PATIENCE = 0.5  # seconds for each part
SOURCED = ("arrived", "load", "sparing", "flows", "standings", "gaps")  # fields, each value with its source


@travels(name="vsm.Status")
@dataclass(frozen=True, slots=True)
class Status:
    """How a level is.

    Attributes:
        path: of the level.
        silent: the parts that gave no answer: they are dead, taken out, or too busy.
        arrived: tasks that have come for each unit.
        load: tasks that each unit has been given and not finished.
        accounts: the last account of each unit, with its figures and what they were measured at.
        interventions: those in force, by unit.
        commanded: of each unit the revision of what system 3 commanded it last, and of what it says it goes by: where
            they differ it does not know yet, and is told again.
        sparing: interventions in each unit for a thousand of its tasks.
        saved: what each unit did not have to spend, as others had made its calls (`Port.shared`), and the id of the
            last receipt that says so; so many answers the whole has beyond what its units would have, each for itself.
        flows: of each port that is paced here the rate a second, and how many wait.
        leases: the exclusive ones that are held here, by key.
        standings: what audits say of each unit; where nothing audits it, or what does is silent, "unaudited".
        gaps: how far what a unit does is from what it is chartered for, bits; of those that were looked at.
        alarms: the pains that are open.
        known: under which revision of the policies each unit acts, as it says itself.
        channels: what each channel has carried; each names the note that came last (`LineState.source`).
        sources: of each field that is measured (`arrived`, `load`, `sparing`, `flows`, `standings`, `gaps`), by its
            key, the id of the event that it was measured at last: see `source`. Accounts, what was saved and channels
            name theirs themselves. The other fields are no measurements but what stands, and names what it stands for:
            a lease its holder, an intervention its index, an alarm its pain, a revision itself.
    """

    path: str
    silent: tuple[str, ...] = ()
    arrived: Mapping[str, int] = field(default_factory=dict)
    load: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, Accountability] = field(default_factory=dict)
    interventions: Mapping[str, Intervention] = field(default_factory=dict)
    commanded: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sparing: Mapping[str, float] = field(default_factory=dict)
    saved: Mapping[str, Saved] = field(default_factory=dict)
    flows: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    leases: Mapping[str, Lease] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    gaps: Mapping[str, float] = field(default_factory=dict)
    alarms: tuple[Climb, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, LineState] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def source(self, field: str, key: str) -> str:
        """What `field` of `key` was measured at last, as `source("load", "shop/a")`; "": nothing has been measured yet.

        Of `arrived` and `load` it is a task; of `flows` the note to system 2, or the call that was let go; of
        `standings` the audited task, or the word that a port is used again; of `gaps` the last task that the inspected
        books held; of `sparing` the task that was accounted for, or the intervention. Time moves some of them as well,
        which no event tells: an audit grows old, a call that waits lapses. Raises `OptionError` for another field.
        """
        one_of("field", field, SOURCED)
        return self.sources.get(field, {}).get(key, "")


MEASURED = ""  # several fields at once, each value with what it was measured at
_ASKED: tuple[tuple[str, str, type, Any], ...] = (
    (MEASURED, "environment", Environment, Environment.measured),
    (MEASURED, "control", Control, Control.measured),
    (MEASURED, "coordination", Coordination, Coordination.measured),
    (MEASURED, "audit", Auditor, Auditor.measured),
    ("accounts", "control", Control, Control.accounts),
    ("interventions", "control", Control, Control.interventions),
    ("commanded", "control", Control, Control.commanded),
    ("saved", "control", Control, Control.saved),
    ("leases", "coordination", Coordination, Coordination.leases),
    ("alarms", "algedonode", Algedonode, Algedonode.alarms),
    ("known", "policy", Governance, Governance.known),
)


async def status(system: Any, path: str, audited: bool = True) -> Status:
    """Ask all parts of the level at `path`; one that is not `audited` has no system 3* that could be silent."""
    found, measured, silent = await _asked(system, path, audited)
    sources: dict[str, dict[str, str]] = {}
    for name, figures in measured.items():
        found[name] = {key: value for key, (value, _) in figures.items()}
        sources[name] = {key: source for key, (_, source) in figures.items()}
    units = {*found.get("load", {}), *found.get("accounts", {}), *found.get("known", {})}
    found["standings"] = dict.fromkeys(sorted(units), Standing.UNAUDITED) | found.get("standings", {})
    channels = {}
    for channel in Channel:
        try:
            line = system.named(line_name(path, channel), Line)
            channels[channel.value] = await line.within(PATIENCE).call(Line.state)
        except CallError:
            silent.append(line_name(path, channel))
    return Status(path, tuple(silent), channels=channels, sources=sources, **found)


async def _asked(system: Any, path: str, audited: bool) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The fields that are told as they are, those that are measured, and who was silent."""
    found: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    silent: list[str] = []
    for name, role, cls, method in _ASKED:
        if role == Role.AUDIT.value and not audited:
            continue
        try:
            told = await system.named(f"{path}:{role}", cls).within(PATIENCE).call(method)
        except CallError:
            if role not in silent:
                silent.append(role)
        else:
            if name == MEASURED:
                measured |= told
            else:
                found[name] = told
    return found, measured, silent
