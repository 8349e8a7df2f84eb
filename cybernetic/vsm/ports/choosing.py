"""How a unit chooses among equivalent ports: for itself, with what system 2 has to say about it."""

from collections.abc import Mapping
from typing import Any

from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.coordination.messages import Chose, CoordinationPlan, Hold
from cybernetic.vsm.damping.choice import Choice
from cybernetic.vsm.damping.shaping import phase
from cybernetic.vsm.ports.orders import Orders
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.refusals import NoSuchChoice, Quarantined
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.outages import Outages


class Choosing:
    """The choices of one porter, by group.

    Args:
        porter: who speaks with system 2.
        ports: by name; those of one group are equivalent.
        orders: what is out of use is not chosen.
        outages: nor what is known to be out, where another is not.
    """

    def __init__(self, porter: Any, ports: Mapping[str, Port], orders: Orders, outages: Outages) -> None:
        self._porter, self._orders, self._outages = porter, orders, outages
        self._groups: dict[str, list[str]] = {}
        for name, port in sorted(ports.items()):
            if port.group is not None:
                self._groups.setdefault(port.group, []).append(name)
        self._choices: dict[str, Choice] = {}
        self._draws = 0

    def choose(self, group: str, costs: Mapping[str, float] | None) -> str:
        """Which port to use now. `costs`: what each costs the unit, on any scale; None: they are equal.

        Raises `NoSuchChoice`, and `Quarantined` where none of the group is in use.
        """
        if group not in self._groups:
            raise NoSuchChoice(group, f"a group of declared ports: {sorted(self._groups)}")
        names = self._groups[group]
        if costs is not None and not set(costs) <= set(names):
            raise NoSuchChoice(group, f"costs of some of the ports {names}, got those of {sorted(costs)}")
        given = dict(costs) if costs else dict.fromkeys(names, 0.0)
        usable = {name: cost for name, cost in given.items() if self._orders.open(name)}
        if not usable:
            raise Quarantined(group, "all ports of the group are out of use")
        usable = {name: cost for name, cost in usable.items() if not self._outages.out(name)} or usable
        before = self._choices.get(group, Choice())
        after = self._choices[group] = before.made(usable, now(), self._draw(group))
        assert after.here is not None
        if after.here != before.here:
            self._say(group, after.here)
        return after.here

    def advised(self, plan: CoordinationPlan) -> None:
        """System 2 advises."""
        self._choices[plan.group] = self._choices.get(plan.group, Choice()).advised(plan.advice)

    def held(self, hold: Hold) -> None:
        """System 2 asks to stay."""
        self._choices[hold.group] = self._choices.get(hold.group, Choice()).held(hold.until)

    def say(self) -> None:
        """Say again where the unit is: a system 2 newly born does not know."""
        for group, choice in self._choices.items():
            if choice.here is not None:
                self._say(group, choice.here)

    def _say(self, group: str, port: str) -> None:
        self._porter.tell(Channel.COORDINATION, Role.COORDINATION, Chose(group, port))

    def _draw(self, group: str) -> float:
        """A lot in [0, 1), by the unit and how often it has drawn."""
        self._draws += 1
        return phase(f"{self._porter.path} {group} {self._draws}", 1.0)
