"""A level as it is to be started: what its parts are given, computed from what is declared."""

from dataclasses import dataclass
from typing import Any

from cybernetic.vsm.algedonic.showing import BOOKS, WORLD, within
from cybernetic.vsm.algedonic.watcher import VIGIL
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_role
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.coordination.flow import MARGIN
from cybernetic.vsm.coordination.remit import Remit
from cybernetic.vsm.operations.unit import Unit
from cybernetic.vsm.recursion.charter import Charter

AFAR = 7.5  # seconds of the first period of who begins in another process; silent is who is not heard in two


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
    def inherited(self) -> tuple[Any, ...]:
        """The policies that the levels above declare."""
        policies = self.charter.policies
        return policies[: len(policies) - len(self.own)]

    @property
    def weights(self) -> dict[str, float]:
        """By path."""
        return {self.path(unit): unit.weight for unit in self.units}

    @property
    def rates(self) -> dict[str, float]:
        """Tasks a second that units may be given at most, by path."""
        quotas = {self.path(unit): unit.quota.messages for unit in self.units}
        return {path: rate for path, rate in quotas.items() if rate is not None}

    @property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The kinds of tasks that units take, by path; of those that do not take any."""
        return {self.path(unit): unit.kinds for unit in self.units if unit.kinds}

    def floor(self, unit: Unit) -> Vector:
        """What a unit may spend in an epoch when it is cut off."""
        return self.charter.floor.times(unit.floor) if unit.floor else NOTHING

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The units as system 3 deals with them."""
        return tuple(
            Charge(self.path(unit), unit.weight, self.floor(unit), unit.floor, unit.cap, unit.kinds)
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
    def reached_as_bytes(self) -> tuple[str, ...]:
        """Whom what the level decides reaches as bytes only: units of other processes, and its own books on a disk."""
        units = (unit for unit in self.units if unit.spec is None or unit.spec.placed)
        own = () if self.data is None else (self.charter.path,)
        return (*own, *(self.path(unit) for unit in units))

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
            *((line_role(channel), path, own) for channel in Channel),
            (Role.ENVIRONMENT.value, path, own),
            (Role.COORDINATION.value, path, own),
            (Role.CONTROL.value, path, own),
            (Role.POLICY.value, path, own),
            (Role.INTELLIGENCE.value, path, max(own, self.tick)),
        ]
        if self.charter.audit is not None:
            found.append((Role.AUDIT.value, path, own))
        if len(self.charter.lineage) == 1:  # there is no level above in this half
            found.append((VIGIL, path, self.charter.clocks[0].beat))
        if self.charter.apart and self.charter.world:
            found.append((WORLD, path, within(WORLD, pulse)))
        for unit in self.units:
            if unit.nested and unit.spec is not None:
                beat = self.charter.clocks_of(unit.spec.agent).beat
                found.append((Role.ALGEDONODE.value, self.path(unit), first(unit, beat)))
                found.append((Role.PORTER.value, self.path(unit), first(unit, pulse)))
            if unit.spec is not None:
                found.append((BOOKS, self.path(unit), within(BOOKS, first(unit, pulse))))
        return found + [(Role.MANAGEMENT.value, self.path(unit), first(unit, pulse)) for unit in self.units]


def first(unit: Unit, period: float) -> float:
    """Seconds of the first period of a loop in a unit: a process that begins is no silence."""
    return max(period, AFAR) if unit.spec is not None and unit.spec.placed else period
