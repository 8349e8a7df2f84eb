"""Units as they are declared, and the supervisor that each becomes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

from cybernetic.core import OptionError, number
from cybernetic.supervision import Child, Limits, child
from cybernetic.vsm.algedonic.showing import LivingBooks
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.channels.channel import Channel
from cybernetic.vsm.checks import instance, plain
from cybernetic.vsm.checks import share as checked_share
from cybernetic.vsm.cleared import cleared, named
from cybernetic.vsm.coordination.restarts import turnstile
from cybernetic.vsm.governed import Governed
from cybernetic.vsm.operations.beginning import Beginning
from cybernetic.vsm.operations.kinds import kinds_of
from cybernetic.vsm.operations.management import Management
from cybernetic.vsm.operations.operation import Operation
from cybernetic.vsm.operations.quota import UNLIMITED, Quota
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.pulse import set_pulse
from cybernetic.vsm.recursion.blueprint import Blueprint
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.ways import ways_of
from cybernetic.vsm.world.keeper import keeper, world_name

A = TypeVar("A")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a level, as declared; made by `unit` or `remote`, which see. `spec` is None for one elsewhere."""

    spec: Child[Any] | None
    id: str
    weight: float
    floor: float
    cap: float | None
    outlet: str | None = None
    ways: Mapping[Channel, str] = field(default_factory=dict)
    quota: Quota = UNLIMITED
    kinds: tuple[str, ...] = ()

    @property
    def nested(self) -> bool:
        """Whether its inside is a viable system."""
        return self.spec is not None and not issubclass(self.spec.agent, Operation)

    def path(self, level: str) -> str:
        """Where it stands in a level."""
        return f"{level}/{self.id}"


def unit(
    cls: Callable[[*Ts], A],
    /,
    *args: *Ts,
    id: str,
    weight: float = 1.0,
    share: float | None = None,
    floor: float = 0.0,
    cap: float | None = None,
    node: str | None = None,
    requires: Mapping[str, object] | None = None,
    isolate: bool | Limits = False,
    quota: Quota | None = None,
    kinds: Sequence[str] | None = None,
    start_timeout: float | None = None,
) -> Unit:
    """Declare a unit of a viable system: `unit(Answer, id="answer-1", weight=2.0)`.

    Args:
        cls: an `Operation`, or a `ViableSystem`, which then is a level within the level.
        *args: its arguments.
        id: what it is called in its level: none of `/`, `:`, `#` and `?` in it.
        weight: how much it gets of what is shared out, beside the others, > 0. Default 1.
        share: the same as a part of 1; an alias of `weight`.
        floor: the part (0 to 1) of the level's budget that it may spend even when it is cut off. Default 0.
        cap: the largest part it may get; None: no cap.
        node: the name of the node it is to run on.
        requires: what that node must offer.
        isolate: whether the unit has a process of its own, `Limits(...)` for one that may use so much only.
        quota: what it may take beside money; None: no limits. A level within the level has no limit of agents.
        kinds: of tasks that it takes, others are not given to it; empty: those that no other unit takes. Default None:
            what its class declares (`kinds`).
        start_timeout: seconds > 0 that it may take to start, each time; then it has not. Default None: no limit.

    Raises `OptionError`, and what `child` raises.
    """
    limits = UNLIMITED if quota is None else instance("quota", quota, Quota)
    where: dict[str, Any] = {"node": node, "requires": requires, "isolate": limits.isolated(isolate, node)}
    spec = child(cls, *args, id=id, start_timeout=start_timeout, **where)
    if not issubclass(spec.agent, Operation | Governed) or spec.agent is Governed:
        raise OptionError("cls", "an Operation or a ViableSystem", spec.agent)
    taken = kinds_of(getattr(spec.agent, "kinds", ()) if kinds is None else kinds)
    part = _part(weight if share is None else share, floor, cap)
    made = Unit(spec, plain("id", id), *part, quota=limits, kinds=taken)
    if made.nested and limits.agents is not None:
        raise OptionError("quota", "no limit of agents for a level within the level", quota)
    return made


def remote(
    id: str,
    *,
    weight: float = 1.0,
    share: float | None = None,
    floor: float = 0.0,
    cap: float | None = None,
    outlet: str | None = None,
    pain: str | None = None,
    audit: str | None = None,
    coordination: str | None = None,
    kinds: Sequence[str] = (),
) -> Unit:
    """Declare a unit whose inside is a viable system elsewhere: in another process, or another organisation.

    There it is started by `Abroad`. What passes between the two ends goes through an agent of this system, the
    `outlet`, that carries values there: an `Outpost` of a broker's bridge. What comes from there is for the agent named
    `junction_of(path)`.

    Args:
        id: what it is called in its level: none of `/`, `:`, `#` and `?` in it.
        weight: how much it gets of what is shared out, beside the others, > 0. Default 1.
        share: the same as a part of 1; an alias of `weight`.
        floor: the part (0 to 1) of the level's budget that it may spend even when it is cut off. Default 0.
        cap: the largest part it may get; None: no cap.
        outlet: name of that agent. Default: `<path of the unit>:outpost`.
        pain: name of another one for the algedonic channel, so that nothing delays it. Default: the same.
        audit: name of another one for audits, so that no management has a hand in them. Default: the same.
        coordination: name of another one for system 2, whose words may be lost. Default: the same.
        kinds: of tasks that it takes. Default: those that no other unit takes.

    Raises `OptionError`.
    """
    part = _part(weight if share is None else share, floor, cap)
    ways = ways_of(pain, audit, coordination)
    return Unit(None, plain("id", id), *part, outlet, ways, kinds=kinds_of(kinds))


def checked_units(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """The units of a level. Raises `OptionError` for what is none, and for two with one id."""
    if not isinstance(units, Iterable):
        raise OptionError("units", "a list of what `unit` or `remote` has made", units)
    made = tuple(units)
    for one in made:
        if not isinstance(one, Unit):
            raise OptionError("units", "what `unit` or `remote` has made", one)
    ids = [one.id for one in made]
    if len(set(ids)) < len(ids):
        raise OptionError("units", "ids that differ", ids)
    return made


def _part(weight: float, floor: float, cap: float | None) -> tuple[float, float, float | None]:
    number("weight", weight, above=0.0)
    checked_share("floor", floor)
    if cap is not None and checked_share("cap", cap) < floor:
        raise OptionError("cap", f"at least the floor ({floor:g})", cap)
    return weight, floor, cap


class OperationUnit(Beginning):
    """A unit whose inside is an operation: its books, the porter of its ports, the operation, its management.

    What dies takes those after it along, so the operation never acts without its porter, and a new management begins
    with a new operation's word.

    Args:
        path: of the unit.
        blueprint: of the operation.
        charter: of the level.
        floor: what it may spend in an epoch without a contract.
        paced: static shares of the ports that system 2 paces, by port.
        data: the directory of what lasts; None: nothing does.
        quota: what it may take beside money.
        limit: seconds that the operation may take to start; None: no limit.
        again: whether it begins anew; see `Beginning`.
    """

    def __init__(
        self,
        path: str,
        blueprint: Blueprint,
        charter: Charter,
        floor: Vector,
        paced: Mapping[str, float],
        data: str | None,
        quota: Quota = UNLIMITED,
        limit: float | None = None,
        again: bool = False,
    ) -> None:
        super().__init__(again)
        self._path, self._blueprint, self._charter = path, blueprint, charter
        self._floor, self._paced, self._data = floor, dict(paced), data
        self._quota, self._limit = quota, limit

    def children(self) -> list[Child[Any]]:
        """In the order in which they need each other; in another process than its level's with a world of its own.
        Where those of one that was killed still end, after that.
        """
        path, charter = self._path, self._charter
        set_pulse(self.system, charter.path, charter.pulse)
        pace = turnstile(self.system, charter.path)
        made, limit = self._blueprint.made(), self._limit
        operation = child(made, *self._blueprint.args, name=path, backoff=pace, start_timeout=limit)
        books = partial(LivingBooks, beside=f"{charter.path}:books")
        members = [
            child(books, self._data, path, name=f"{path}:books"),
            *(
                [keeper(path, charter.world, self._data, charter.path)]
                if charter.apart and charter.world
                else []
            ),
            child(
                Porter,
                path,
                charter.ports,
                charter.policies,
                charter.per,
                self._floor,
                self._paced,
                charter.audit is not None,
                charter.port_names,
                name=f"{path}:porter",
            ),
            operation,
            child(
                Management,
                path,
                tuple(operation.agent.indices),
                operation.agent.plan is not Operation.plan,
                self._quota.agents,
                name=f"{path}:management",
            ),
        ]
        return [*cleared(self.system, [*named(members), world_name(path)]), *members]
