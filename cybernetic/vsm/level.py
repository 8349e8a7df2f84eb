"""The supervisors of a level: what lives in it, and how it starts."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from cybernetic.supervision import Backoff, Child, Supervisor, child
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.watcher import VIGIL
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import address, level_of, line_name
from cybernetic.vsm.channels.line import Line, LossyLine
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.coordination.flow import MARGIN
from cybernetic.vsm.coordination.remit import Remit
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.custodian import Custodian
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.envoy import Envoy
from cybernetic.vsm.operations.unit import OperationUnit, Unit
from cybernetic.vsm.pulse import set_pulse
from cybernetic.vsm.recursion.blueprint import Blueprint
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.handing import hand, taken_out
from cybernetic.vsm.recursion.remote import RemoteUnit

AGAIN = Backoff(0.2, 10.0, jitter=0.2, reset_after=30.0)
AFAR = 7.5  # seconds of the first period of who begins in another process; silent is who is not heard in two

ABLATED = {
    "s2": ("level", Role.COORDINATION.value),
    "s3": ("metasystem", Role.CONTROL.value),
    "s3star": ("metasystem", Role.AUDIT.value),
    "s4": ("metasystem", Role.INTELLIGENCE.value),
    "s5": ("metasystem", Role.POLICY.value),
    "algedonic": ("level", Role.ALGEDONODE.value),
}
"""What may be taken out of a level: which supervisor keeps it, under which id."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A level as it is to be started: its charter, its units, what is its own, and where what lasts is kept."""

    charter: Charter
    units: tuple[Unit, ...]
    own: tuple[Any, ...] = ()
    data: str | None = None

    def path(self, unit: Unit) -> str:
        """Where a unit stands."""
        return unit.path(self.charter.path)

    @property
    def weights(self) -> dict[str, float]:
        """By path."""
        return {self.path(unit): unit.weight for unit in self.units}

    @property
    def rates(self) -> dict[str, float]:
        """Tasks a second that units may be given at most, by path."""
        quotas = {self.path(unit): unit.quota.messages for unit in self.units}
        return {path: rate for path, rate in quotas.items() if rate is not None}

    def floor(self, unit: Unit) -> Vector:
        """What a unit may spend in an epoch when it is cut off."""
        return self.charter.floor.times(unit.floor) if unit.floor else NOTHING

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The units as system 3 deals with them."""
        return tuple(
            Charge(self.path(unit), unit.weight, self.floor(unit), unit.floor, unit.cap)
            for unit in self.units
        )

    @property
    def tick(self) -> float:
        """Seconds of a datum of system 4, as the level declares."""
        return float(self.charter.lineage[-1].tick)

    @property
    def lead(self) -> int:
        """Ticks that system 4 looks ahead."""
        return int(self.charter.lineage[-1].lead)

    @property
    def audited_levels(self) -> frozenset[str]:
        """The paths of the levels within, here or elsewhere, that are audited from here."""
        levels = (unit for unit in self.units if unit.nested or unit.spec is None)
        return frozenset(self.path(unit) for unit in levels) if self.charter.audit else frozenset()

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The paths of the units whose inside is another system's."""
        return tuple(self.path(unit) for unit in self.units if unit.spec is None)

    @property
    def purposes(self) -> dict[str, dict[str, float]]:
        """What each unit is chartered for, by path: kinds of tasks with their weights."""
        found = {}
        for unit in self.units:
            agent = None if unit.spec is None else unit.spec.agent
            found[self.path(unit)] = dict(getattr(agent, "purposes", {}))
        return found

    @property
    def paced(self) -> dict[str, Any]:
        """The rates that system 2 of this level paces."""
        shared = self.charter.shared
        ports = self.charter.ports.items()
        return {name: port.rate for name, port in ports if port.rate is not None and name not in shared}

    @property
    def static(self) -> dict[str, float]:
        """The static share of a unit of each paced port, units a second; of those shared a part of the level's."""
        own = {name: rate.per_second * MARGIN for name, rate in self.paced.items()}
        return {name: rate / max(1, len(self.units)) for name, rate in (own | self.above).items()}

    @property
    def above(self) -> dict[str, float]:
        """The static share of the level itself of the ports that a level above paces, units a second."""
        return dict(self.charter.paced)

    @property
    def each(self) -> dict[str, float]:
        """The static share of a unit of the ports that a level above paces."""
        return {name: share for name, share in self.static.items() if name in self.above}

    @property
    def remit(self) -> Remit:
        """What system 2 of this level has to do with."""
        charter = self.charter
        own = {name: charter.ports[name] for name in charter.lineage[-1].ports if name not in charter.shared}
        names = {port.group for port in own.values() if port.group is not None}
        return Remit(
            self.weights,
            self.paced,
            self.each,
            {name: port.timeout for name, port in own.items()},
            {
                group: tuple(sorted(name for name, port in own.items() if port.group == group))
                for group in sorted(names)
            },
            frozenset(
                port.group
                for name, port in charter.ports.items()
                if port.group is not None and name not in own
            ),
            frozenset(self.path(unit) for unit in self.units if unit.nested or unit.spec is None),
        )

    @property
    def loops(self) -> list[tuple[str, str, float]]:
        """What should beat: (role, path, period until it has said its own)."""
        path, pulse = self.charter.path, self.charter.pulse
        own = max((first(unit, pulse) for unit in self.units), default=pulse)  # they begin after the units
        found = [
            (Role.COORDINATION.value, path, own),
            (Role.CONTROL.value, path, own),
            (Role.POLICY.value, path, own),
            (Role.INTELLIGENCE.value, path, max(own, self.tick)),
        ]
        if self.charter.audit is not None:
            found.append((Role.AUDIT.value, path, own))
        if len(self.charter.lineage) == 1:  # there is no level above in this half
            found.append((VIGIL, path, self.charter.clocks[0].beat))
        for unit in self.units:
            if unit.nested and unit.spec is not None:
                beat = self.charter.clocks_of(unit.spec.agent).beat
                found.append((Role.ALGEDONODE.value, self.path(unit), first(unit, beat)))
        return found + [(Role.MANAGEMENT.value, self.path(unit), first(unit, pulse)) for unit in self.units]


def first(unit: Unit, period: float) -> float:
    """Seconds of the first period of a loop in a unit: a process that begins is no silence."""
    return max(period, AFAR) if unit.spec is not None and unit.spec.placed else period


class Channels(Supervisor):
    """An agent for each channel of a level. Without them nothing can be said, so their end takes the level along."""

    max_restarts = 10
    max_seconds = 10.0

    def __init__(self, path: str) -> None:
        self._path = path

    def children(self) -> list[Child[Any]]:
        """One line a channel; on that of system 2 only the latest word counts."""
        return [
            child(
                LossyLine if channel is Channel.COORDINATION else Line,
                channel,
                self._path,
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


class NestedUnit(Supervisor):
    """A unit whose inside is a viable system, with the envoy that stands for it in the level above."""

    strategy = "rest_for_one"

    def __init__(self, path: str, blueprint: Blueprint, charter: Charter) -> None:
        self._path, self._blueprint, self._charter = path, blueprint, charter

    def children(self) -> list[Child[Any]]:
        """The level first: it is told what it inherits before it starts."""
        hand(self.system, self._charter)
        set_pulse(self.system, level_of(self._path), self._charter.pulse)
        return [
            child(self._blueprint.made(), *self._blueprint.args, name=self._path, backoff=AGAIN),
            child(Envoy, self._path, self._charter.paced, name=address(Role.MANAGEMENT, self._path)),
            child(Custodian, self._path, name=address(Role.PORTER, self._path)),
        ]


class Operations(Supervisor):
    """System 1: the units of a level."""

    max_restarts = 20
    max_seconds = 10.0

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def children(self) -> list[Child[Any]]:
        """A supervisor for each unit."""
        return [self._unit(unit) for unit in self._layout.units]

    def _unit(self, unit: Unit) -> Child[Any]:
        layout, spec = self._layout, unit.spec
        path = layout.path(unit)
        if spec is None:
            return child(RemoteUnit, path, unit.outlet or f"{path}:outpost", dict(unit.ways), id=unit.id)
        where: dict[str, Any] = {"node": spec.node, "requires": dict(spec.requires) or None}
        floor, apart = layout.floor(unit), bool(spec.node or spec.requires or spec.isolate)
        if unit.nested:
            charter = layout.charter.below(path, spec.agent, floor, layout.static, apart)
            return child(
                NestedUnit,
                path,
                Blueprint.of(spec),
                charter,
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
        """Each with pauses of its own."""
        layout, path = self._layout, self._layout.charter.path
        inherited = layout.charter.policies[: len(layout.charter.policies) - len(layout.own)]
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
                inherited,
                layout.own,
                layout.charter.purpose,
                tuple(layout.weights),
                layout.charter.human,
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
        """What feels comes first; what commands comes last."""
        layout = self._layout
        charter, path = layout.charter, layout.charter.path
        members = [
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
        return left(self.system, path, members)


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


def left(system: Any, path: str, members: list[Child[Any]]) -> list[Child[Any]]:
    """The members of a level but for those that are taken out of it: who begins anew does not bring them back."""
    gone = {ABLATED[name][1] for name in taken_out(system, path)}
    return [member for member in members if member.id not in gone]
