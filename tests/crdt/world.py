"""Replicas that change one value, and a network that loses, repeats, delays and reorders what they tell each other."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from hypothesis import strategies as st

from cybernetic.crdt import LWW, MV, AWMap, AWSet, Context, Escrow, GCounter, Lattice, PNCounter, Stamp
from cybernetic.wire import Codec

L = TypeVar("L", bound=Lattice)

CODEC = Codec()

NAMES = ("ann", "bob", "cat", "dan", "eve")
KEYS = ("x", 1, True, 1.0, ("x", 1))
FLAT = (LWW, MV, AWSet, GCounter, PNCounter, Escrow)
TYPES = (*FLAT, AWMap)


class Op(NamedTuple):
    """A change, told by numbers whose meaning depends on the type."""

    what: int
    key: int
    amount: int
    inner: "Op | None" = None


plain_ops = st.builds(Op, st.integers(0, 7), st.integers(0, 4), st.integers(0, 3), st.none())
nested = st.builds(Op, st.integers(0, 7), st.integers(0, 4), st.integers(0, 3), plain_ops)
ops = st.builds(Op, st.integers(0, 7), st.integers(0, 4), st.integers(0, 3), nested)


def change(value: Any, replica: str, op: Op, clock: int) -> Any:
    """The delta of `op` on `value` by `replica`."""
    match value:
        case LWW():
            stamp = Stamp(clock // 4 * 4, op.amount, replica)  # some are late, some at once
            return value.clear(replica) if op.what == 7 else value.set(replica, stamp, op.key)
        case MV():
            return value.clear(replica) if op.what == 7 else value.set(replica, op.key)
        case AWSet():
            acts = [value.add, value.add, value.add, value.remove, value.remove]
            if op.what < 5:
                return acts[op.what](replica, KEYS[op.key])
            return value.clear(replica) if op.what == 7 else value.add(replica, KEYS[op.key], KEYS[op.amount])
        case GCounter():
            return value.increment(replica, op.amount)
        case PNCounter():
            return (value.increment if op.what < 5 else value.decrement)(replica, op.amount)
        case Escrow():
            return spend(value, replica, op)
        case AWMap():
            return _on_map(value, replica, op, clock)
    raise AssertionError(value)


def spend(value: Escrow, replica: str, op: Op) -> Escrow:
    """A delta of an escrow without guardians: grants, gives and spends."""
    amount = op.amount + 1
    if op.what < 3:
        return value.grant(replica, amount)
    if value.spendable(replica, 0.0) < amount:
        return Escrow()
    if op.what < 5:
        return value.give(replica, NAMES[op.key], amount)
    return value.spend(replica, amount)


def _on_map(value: AWMap[Any], replica: str, op: Op, clock: int) -> AWMap[Any]:
    key = KEYS[op.key]
    if op.inner is None or (op.what == 7 and not any(isinstance(each, Escrow) for each in value.under(key))):
        removable = [key for key in KEYS[: op.amount] if all(_removable(v) for v in value.under(key))]
        return value.remove(replica, *removable)
    kind: Any = TYPES[op.what] if op.what < 7 else MV
    inner = value.at(key, kind)
    return value.put(key, change(inner, replica, op.inner, clock))


def _removable(value: Any) -> bool:
    if isinstance(value, AWMap):
        return all(_removable(inner) for _, inner in value.items())
    return not isinstance(value, Escrow)


class World(Generic[L]):
    """Some replicas of one value, and all that was ever told: nothing told is ever certain to have arrived, or gone."""

    def __init__(self, kind: type[L], size: int = 3) -> None:
        self.names = list(NAMES[:size])
        self.states: list[L] = [kind() for _ in self.names]
        self.told: list[L] = []
        self.clock = 0

    def change(self, who: int, op: Op) -> L:
        """One replica changes the value, and tells."""
        who %= len(self.states)
        self.clock += 1
        delta: L = change(self.states[who], self.names[who], op, self.clock)
        self.states[who] = self.states[who].join(delta)
        self.told.append(delta)
        return delta

    def restart(self, who: int) -> None:
        """One starts again from what it has written to a disk, under a fresh name."""
        who %= len(self.states)
        state: Any = CODEC.copy(self.states[who])
        self.states[who] = state
        self.clock += 1
        former, name = self.names[who], f"{NAMES[who]}-{self.clock}"
        self.names[who] = name
        if isinstance(state, Escrow):  # what it had is that of the next start, and so is its row
            self._tell(who, state.succeed(name, former))
            state = self.states[who]
            self._tell(who, state.absorb(name))

    def _tell(self, who: int, delta: Any) -> None:
        self.states[who] = self.states[who].join(delta)
        self.told.append(delta)

    def hear(self, who: int, what: int) -> None:
        """One hears something that was told, now or long ago, once more or not."""
        if self.told:
            who %= len(self.states)
            self.states[who] = self.states[who].join(self.told[what % len(self.told)])

    def ask(self, who: int, whom: int) -> None:
        """One tells its context to another, and gets what it lacks."""
        who, whom = who % len(self.states), whom % len(self.states)
        self.states[who] = self.states[who].join(self.states[whom].since(self.states[who].context))

    def ask_pieces(self, who: int, whom: int, leaves: int) -> None:
        """As `ask`, and the answer comes in pieces, each on its own."""
        who, whom = who % len(self.states), whom % len(self.states)
        self.told += self.states[whom].split(leaves + 1, self.states[who].context)

    def forget(self, who: int) -> None:
        """One drops what all know to be removed."""
        who %= len(self.states)
        self.states[who] = self.states[who].forget(self.stable())

    def stable(self) -> Context:
        """What all know, of each replica up to the first change that somebody lacks."""
        stable = self.states[0].context
        for state in self.states:
            stable = stable.meet(state.context)
        return Context({name: runs[:2] for name, runs in stable.runs.items() if runs[0] == 1})

    def heal(self) -> None:
        """All ask all, twice around."""
        for _ in range(2):
            for who in range(len(self.states)):
                for whom in range(len(self.states)):
                    self.ask(who, whom)


Step = Callable[[World[Any]], object]

_who = st.integers(0, 4)
changes: st.SearchStrategy[Step] = st.tuples(_who, ops).map(lambda t: lambda w: w.change(*t))
tellings: st.SearchStrategy[Step] = st.one_of(
    st.tuples(_who, st.integers(0, 100)).map(lambda t: lambda w: w.hear(*t)),
    st.tuples(_who, _who).map(lambda t: lambda w: w.ask(*t)),
    st.tuples(_who, _who, st.integers(0, 3)).map(lambda t: lambda w: w.ask_pieces(*t)),
)
restarts: st.SearchStrategy[Step] = _who.map(lambda who: lambda w: w.restart(who))
forgettings: st.SearchStrategy[Step] = _who.map(lambda who: lambda w: w.forget(who))


def schedules(longest: int, *, forgetting: bool = False) -> st.SearchStrategy[list[Step]]:
    """Random steps of a world."""
    return st.lists(
        st.one_of(changes, changes, tellings, restarts, *([forgettings] if forgetting else [])),
        max_size=longest,
    )


def shown(value: Any) -> Any:
    """What a value shows, to be compared."""
    match value:
        case AWMap():
            return sorted((repr(key), type(inner).__name__, shown(inner)) for key, inner in value.items())
        case AWSet():
            return sorted(map(repr, value))
        case LWW():
            return value.value, value.stamp
        case MV():
            return value.values
        case Escrow():
            return value.left, value.granted, [value.rights(name) for name in NAMES]
        case GCounter() | PNCounter():
            return value.value
    raise AssertionError(value)
