"""The supervisors of a level: what lives in it, and how it starts."""

from dataclasses import replace
from functools import partial
from typing import Any, Literal

from cybernetic.core import Reason
from cybernetic.supervision import Child, Supervisor, child
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.lines import FeelingLine, LossyFeelingLine
from cybernetic.vsm.algedonic.showing import LivingBooks
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import address, level_of, line_name
from cybernetic.vsm.cleared import cleared, named
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.coordination.restarts import AGAIN, STEADY, begin, has_begun, turnstile
from cybernetic.vsm.governance.declaring import Declaring
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.custodian import Custodian
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.layout import Layout
from cybernetic.vsm.operations.beginning import Beginning
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.envoy import Envoy
from cybernetic.vsm.operations.leave import Leave
from cybernetic.vsm.operations.unit import OperationUnit, Unit
from cybernetic.vsm.pulse import set_pulse
from cybernetic.vsm.recursion.blueprint import Blueprint
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.handing import hand, may_know, taken_out
from cybernetic.vsm.recursion.remote import RemoteUnit

ABLATED = {
    "s2": ("level", Role.COORDINATION.value),
    "s3": ("metasystem", Role.CONTROL.value),
    "s3star": ("metasystem", Role.AUDIT.value),
    "s4": ("metasystem", Role.INTELLIGENCE.value),
    "s5": ("metasystem", Role.POLICY.value),
    "algedonic": ("level", Role.ALGEDONODE.value),
}
"""What may be taken out of a level: which supervisor keeps it, under which id."""


def books(path: str, data: str | None) -> Child[Any]:
    """The books of a level. Of one within another they last, also in memory, as long as that one's know what they do:
    what it was told, and has decided, holds when it begins anew.
    """
    return child(partial(LivingBooks, beside=f"{level_of(path)}:books"), data, path, name=f"{path}:books")


class Channels(Supervisor):
    """An agent for each channel of a level. Without them nothing can be said, so their end takes the level along."""

    max_restarts = 10
    max_seconds = 10.0

    def __init__(self, path: str, capacity: float, pulse: float) -> None:
        self._path, self._capacity, self._pulse = path, capacity, pulse

    def children(self) -> list[Child[Any]]:
        """One line a channel; on that of system 2 only the latest word counts."""
        return [
            child(
                LossyFeelingLine if channel is Channel.COORDINATION else FeelingLine,
                channel,
                self._path,
                self._capacity,
                self._pulse,
                name=line_name(self._path, channel),
            )
            for channel in Channel
        ]


class Steady(Supervisor):
    """Keeps one child alive for ever, with growing pauses: its deaths are nobody else's business."""

    max_restarts = 1_000_000
    max_seconds = 60.0

    def __init__(self, spec: Child[Any]) -> None:
        self._spec = spec

    def children(self) -> list[Child[Any]]:
        """The child."""
        return [self._spec]


class NestedUnit(Beginning):
    """A unit whose inside is a viable system, with the envoy that stands for it in the level above."""

    def __init__(
        self,
        path: str,
        blueprint: Blueprint,
        charter: Charter,
        limit: float | None = None,
        again: bool = False,
    ) -> None:
        super().__init__(again)
        self._path, self._blueprint, self._charter, self._limit = path, blueprint, charter, limit

    def children(self) -> list[Child[Any]]:
        """The level first: it is told what it inherits before it starts. Where that of one that was killed still ends,
        after that.
        """
        path = self._path
        hand(self.system, self._charter)
        set_pulse(self.system, level_of(path), self._charter.pulse)
        if self._again:  # maybe in a process that does not know it
            begin(self.system, path)
        made, limit = self._blueprint.made(), self._limit
        members = [
            child(made, *self._blueprint.args, name=path, backoff=AGAIN, start_timeout=limit),
            child(Envoy, path, self._charter.paced, name=address(Role.MANAGEMENT, path)),
            child(Custodian, path, name=address(Role.PORTER, path)),
        ]
        return [*cleared(self.system, named(members)), *members]


class Operations(Leave):
    """System 1: the units of a level. It never gives up: one that does not stay, or does not start again, is tried with
    growing pauses, and that is no other's business.
    """

    max_restarts = 1_000_000
    max_seconds = 60.0

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    def children(self) -> list[Child[Any]]:
        """A supervisor for each unit; where the units of one that was killed still end, after that."""
        units = self._layout.units
        names = [f"{self._layout.path(unit)}:unit" for unit in units]
        pace = turnstile(self.system, self._layout.charter.path, STEADY)
        return [*cleared(self.system, names), *(replace(self._unit(unit), backoff=pace) for unit in units)]

    def _can_wait(self, reason: Reason) -> bool:
        """Where all have begun once, also one that does not start when this begins anew."""
        return super()._can_wait(reason) or has_begun(self.system, self._layout.charter.path)

    def _arguments(self, spec: Child[Any]) -> tuple[Any, ...]:
        """Of each start: a unit is told whether all have begun once."""
        args = super()._arguments(spec)
        if not issubclass(spec.agent, Beginning):
            return args
        return (*args, has_begun(self.system, self._layout.charter.path))

    def _unit(self, unit: Unit) -> Child[Any]:
        layout, spec = self._layout, unit.spec
        path = layout.path(unit)
        if spec is None:
            outlet, ways = unit.outlet or f"{path}:outpost", dict(unit.ways)
            return child(RemoteUnit, path, outlet, ways, id=unit.id, name=f"{path}:unit")
        where: dict[str, Any] = {"node": spec.node, "requires": dict(spec.requires) or None}
        floor, apart = layout.floor(unit), bool(spec.node or spec.requires or spec.isolate)
        if unit.nested:
            charter = layout.charter.below(path, spec.agent, floor, layout.static, apart)
            return child(
                NestedUnit,
                path,
                Blueprint.of(spec),
                charter,
                spec.start_timeout,
                id=unit.id,
                name=f"{path}:unit",
                isolate=spec.isolate,
                **where,
            )
        return child(
            OperationUnit,
            path,
            Blueprint.of(spec),
            replace(layout.charter, apart=apart),
            floor,
            layout.static,
            layout.data,
            unit.quota,
            spec.start_timeout,
            id=unit.id,
            name=f"{path}:unit",
            isolate=spec.isolate,
            **where,
        )


class Metasystem(Supervisor):
    """Systems 3, 3*, 4 and 5: the death of one is nobody else's."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def children(self) -> list[Child[Any]]:
        """Each with pauses of its own. They come after the units: all of these have begun."""
        layout, path = self._layout, self._layout.charter.path
        begin(self.system, path)
        members = [
            steady(
                Control,
                layout.charter,
                layout.charges,
                role=Role.CONTROL,
                path=path,
                restart="transient",
            ),
            steady(
                Intelligence,
                path,
                layout.weights,
                layout.charter.per is not None,
                layout.tick,
                layout.lead,
                role=Role.INTELLIGENCE,
                path=path,
            ),
            steady(
                Governance,
                path,
                layout.inherited,
                layout.own,
                layout.charter.purpose,
                tuple(layout.weights),
                layout.charter.human,
                layout.charter.paging,
                role=Role.POLICY,
                path=path,
            ),
        ]
        if layout.charter.audit is not None:
            paced = frozenset(layout.static)
            members.append(
                steady(Auditor, layout.charter, layout.purposes, paced, role=Role.AUDIT, path=path)
            )
        return left(self.system, path, members)


class Level(Supervisor):
    """A level: its algedonode, its environment, system 1, system 2, and the metasystem. Each dies alone."""

    max_restarts = 5
    max_seconds = 10.0

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def children(self) -> list[Child[Any]]:
        """What feels comes first; what commands comes last. Where one that was killed still ends, after that."""
        layout = self._layout
        charter, path = layout.charter, layout.charter.path
        members = [
            *declaring(self.system, layout),
            steady(
                Algedonode,
                path,
                charter.clocks,
                charter.human,
                tuple(layout.loops),
                charter.paging,
                layout.elsewhere,
                role=Role.ALGEDONODE,
                path=path,
            ),
            child(
                Environment,
                path,
                layout.weights,
                layout.audited_levels,
                layout.rates,
                layout.kinds,
                name=address(Role.ENVIRONMENT, path),
            ),
            child(Operations, layout, id="operations", name=f"{path}:operations"),
            steady(
                Coordination,
                path,
                layout.remit,
                role=Role.COORDINATION,
                path=path,
            ),
            child(Metasystem, layout, id="metasystem", name=f"{path}:metasystem"),
        ]
        names = [address(role, path) for role in Role if not role.in_unit and role is not Role.CHANNEL]
        names += [f"{path}:operations", f"{path}:metasystem"]
        return [*cleared(self.system, names), *left(self.system, path, members)]


def steady(
    cls: Any,
    *args: Any,
    role: Role | str,
    path: str,
    restart: Literal["permanent", "transient"] = "permanent",
) -> Child[Any]:
    """A child that is kept alive with pauses, and whose deaths do not count for the level; a "transient" one until it
    ends by itself.
    """
    id = role if isinstance(role, str) else role.value
    return child(Steady, child(cls, *args, name=f"{path}:{id}", restart=restart, backoff=AGAIN), id=id)


def declaring(system: Any, layout: Layout) -> list[Child[Any]]:
    """Who puts in force what is declared anew, where there may be books of an earlier program, here or around."""
    path = layout.charter.path
    if layout.data is None and not may_know(system, path):
        return []
    return [child(Declaring, path, layout.inherited, layout.own, id="declaring", restart="temporary")]


def left(system: Any, path: str, members: list[Child[Any]]) -> list[Child[Any]]:
    """The members of a level but for those that are taken out of it: who begins anew does not bring them back."""
    gone = {ABLATED[name][1] for name in taken_out(system, path)}
    return [member for member in members if member.id not in gone]
