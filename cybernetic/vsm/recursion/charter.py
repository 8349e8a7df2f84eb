"""What holds in one level: its own declarations, and what it inherits from the levels above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, Self

from cybernetic.core import OptionError
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.bargain.budget import Budget
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.pulse import PULSE
from cybernetic.vsm.recursion.blueprint import class_at, place_of_class
from cybernetic.vsm.world.declared import World
from cybernetic.vsm.world.outages import port_name
from cybernetic.wire import register


@dataclass(frozen=True, slots=True)
class Charter:
    """The declarations in force in one level: a value, made from the top downwards.

    Attributes:
        path: of the level.
        lineage: the classes that declared it, from the top down to its own: by them other nodes make it again.
        ports: by name, those of the levels above included.
        paced: of the ports that a level above paces, by name: the level's static share, units a second.
        policies: the levels' above first; all of them hold.
        budget: what the level has of its own; None where it lives by what the level above lends it.
        most: what a level that is lent its budget shares out of that in an epoch, at most: its own declaration; None:
            all of it.
        per: seconds of an epoch, the same in all levels; None: nobody declared a budget, nothing is counted.
        floor: what the level may spend in an epoch without a contract from above.
        audit: how its units are audited; None: they are not.
        clocks: of the ladder, this level's first, then those above.
        human: whom the top pages, tried in order.
        paging: how often and how long he is called.
        pulse: seconds of a round, the same in all levels.
        world: what its parts share, with a name; None: nobody declared one.
        apart: whether the world begins here: it is declared here, or those around run in another process.
        abroad_by: of a level, and all within it, whose level above lies elsewhere: seconds of an epoch there, or None
            where nothing is counted there, then the clocks of the levels above.
    """

    path: str
    lineage: tuple[Any, ...] = ()
    ports: Mapping[str, Port] = field(default_factory=dict)
    paced: Mapping[str, float] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    budget: Budget | None = None
    most: Vector | None = None
    per: float | None = None
    floor: Vector = NOTHING
    audit: Audit | None = None
    clocks: tuple[Clocks, ...] = (Clocks(),)
    human: tuple[Any, ...] = ()
    paging: Paging = field(default_factory=Paging)
    pulse: float = PULSE
    world: World | None = None
    apart: bool = False
    abroad_by: tuple[float | None, *tuple[Clocks, ...]] | None = None

    @classmethod
    def top(cls, path: str, declared: Any) -> Self:
        """The charter of a level that has none above; `declared` is its class."""
        budget = declared.budget
        return cls(
            path,
            (declared,),
            dict(declared.ports),
            {},
            tuple(declared.policies),
            budget,
            None,
            None if budget is None else budget.per,
            NOTHING if budget is None else budget.grant,
            declared.audit,
            (declared.clocks or Clocks(),),
            tuple(declared.human),
            replace(declared.paging, sinks=max(1, len(declared.human))),
            declared.pulse or PULSE,
            None if declared.world is None else declared.world.at(path),
            True,
        )

    @classmethod
    def abroad(
        cls,
        path: str,
        declared: Any,
        per: float | None,
        floor: Vector,
        paced: Mapping[str, float],
        above: Sequence[Clocks] = (),
    ) -> Self:
        """The charter of a level whose level above lies elsewhere: it lives by what is lent from there, and goes by the
        word of its system 2 at the ports that are `paced` there. `above` are the clocks of all levels above, the next
        one's first; where there are none they have its own.
        """
        here = cls.top(path, declared)
        above = tuple(above) or here.clocks * path.count("/")
        here = replace(here, abroad_by=(per, *above), paced=dict(paced), clocks=(*here.clocks, *above))
        if per is None and here.budget is not None:
            return here
        most, floor = _own(path, here.budget, per, floor)
        return replace(here, budget=None, most=most, per=per, floor=floor)

    def below(
        self, path: str, declared: Any, floor: Vector, paced: Mapping[str, float], apart: bool = False
    ) -> Self:
        """The charter of a level within this one, at `path`: with its `floor`, and its static shares of ports that are
        `paced` from here or above. `declared` is its class; `apart`: it runs in another process.

        Its own budget holds as well: it shares out no more of what it is lent. Where nothing is counted above, it
        counts for itself. Raises `OptionError` for one of another period than that above, and for what only the top may
        declare: who is called at the end of the ladder, how, and how long a round is (1.7).
        """
        for name in ("human", "paging", "pulse"):
            self._check_the_top_has(path, declared, name)
        own: Budget | None = declared.budget
        alone = own is not None and self.per is None
        most, floor = (None, own.grant) if alone and own else _own(path, own, self.per, floor)
        return replace(
            self,
            path=path,
            lineage=(*self.lineage, declared),
            ports={**self.ports, **declared.ports},
            paced={name: share for name, share in paced.items() if name not in declared.ports},
            policies=(*self.policies, *declared.policies),
            budget=own if alone else None,
            most=most,
            per=own.per if alone and own else self.per,
            floor=floor,
            audit=declared.audit or self.audit,
            clocks=(self.clocks_of(declared), *self.clocks),
            world=self.world if declared.world is None else declared.world.at(path),
            apart=apart or declared.world is not None,
        )

    def _check_the_top_has(self, path: str, declared: Any, name: str) -> None:
        """What the top declares may stand below as well, for it says the same; so may what the top was made of."""
        top = self.lineage[0] if self.lineage else declared
        own = getattr(declared, name)
        if not any(own == vars(one)[name] for one in top.__mro__ if name in vars(one)):
            raise OptionError(
                f"{path}: {name}",
                f"none, or that of the top, which holds for all: {getattr(top, name)!r}",
                own,
            )

    def clocks_of(self, declared: Any) -> Clocks:
        """The clocks of a level within this one, of the class `declared`: its own, else this level's."""
        own: Clocks | None = declared.clocks
        return own or self.clocks[0]

    @property
    def purpose(self) -> str:
        """What the level is for, as its class declares."""
        return str(self.lineage[-1].purpose) if self.lineage else ""

    @property
    def port_names(self) -> dict[str, str]:
        """What the ports are called in the world: a level that declares one anew means another."""
        found: dict[str, str] = {}
        level = self.path
        for declared in reversed(self.lineage):
            found = {name: port_name(level, name) for name in declared.ports} | found
            level = level.rpartition("/")[0]
        return found

    @property
    def shared(self) -> frozenset[str]:
        """The names of the ports that a level above paces."""
        return frozenset(self.paced)

    @property
    def around(self) -> tuple[str, ...]:
        """The paths of the levels above that are of this system, the top's first."""
        above = tuple(accumulate(self.path.split("/")[:-1], "{}/{}".format))
        return above[len(above) + 1 - max(1, len(self.lineage)) :]

    @property
    def depth(self) -> int:
        """How many levels there are above."""
        return len(self.clocks) - 1


def clocks_above(path: str, declared: Sequence[Clocks]) -> tuple[Clocks, ...]:
    """Those of each level above `path`, as `declared` from the next one up; the last stands for those further up.

    Raises `OptionError`.
    """
    levels = path.count("/")
    if len(declared) > levels or not all(isinstance(one, Clocks) for one in declared):
        raise OptionError("above", f"at most {levels} values of Clocks, one for each level above", declared)
    known = tuple(declared)
    return known + known[-1:] * (levels - len(known))


def _own(path: str, budget: Budget | None, per: float | None, floor: Vector) -> tuple[Vector | None, Vector]:
    """What a level that is lent its budget shares out at most, and its floor within that. Raises `OptionError`."""
    if budget is None:
        return None, floor
    if budget.per != per:
        raise OptionError(f"{path}: budget.per", f"that of the level above, {per!r} s", budget.per)
    return budget.grant, floor.least(budget.grant)


def _pack(charter: Charter) -> tuple[Any, ...]:
    """Declarations hold functions; what travels is where they stand, and what was computed from them."""
    places = tuple(place_of_class(one) for one in charter.lineage)
    packed = charter.path, places, charter.floor, dict(charter.paced), charter.world, charter.apart
    return packed if charter.abroad_by is None else (*packed, charter.abroad_by)


def _unpack(
    path: str,
    places: tuple[str, ...],
    floor: Vector,
    paced: dict[str, float],
    world: World | None = None,
    apart: bool = False,
    abroad_by: tuple[float | None, *tuple[Clocks, ...]] | None = None,
) -> Charter:
    """Declared again by the node's own copy of the program."""
    first, *rest = [class_at(place) for place in places]
    if abroad_by is None:
        charter = Charter.top(path, first)
    else:
        per, *above = abroad_by
        charter = Charter.abroad(path, first, per, floor, paced, above)
    for declared in rest:
        charter = charter.below(path, declared, floor, paced)
    return replace(charter, path=path, floor=floor, paced=paced, world=world, apart=apart)


register(Charter, "vsm.Charter", encode=_pack, decode=_unpack)
