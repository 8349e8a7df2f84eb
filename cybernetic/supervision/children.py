"""The children of a supervisor: a record each, in start order, found by id and by address."""

from collections.abc import Iterator, Reversible
from typing import Any, Literal, NamedTuple, TypeVar

from cybernetic.core import AlreadyPresent, AlreadyStarted, Crash, NotFound, Reason, identity
from cybernetic.supervision.spec import Child

T = TypeVar("T")

State = Literal["running", "restarting", "stopped"]

HISTORY = 10  # restarts remembered of each child
TEXT = 200  # characters remembered of why


class Counts(NamedTuple):
    """How many children there are (API-6): all, those alive now, and by type whether alive or not."""

    specs: int
    active: int
    supervisors: int
    workers: int


class Restarted(NamedTuple):
    """One restart: when, in seconds of the loop's clock, and what had ended the child, as a short text."""

    at: float
    why: str


class Record:
    """One child. `Children` alone changes `ref` and `state`; the rest is for the supervisor to note.

    Attributes:
        spec: what the child is; may be replaced by one of the same id, type and significance.
        ref: its address; the last one while it is tried again (RF-3, DS-7); None while there is no agent.
        state: "running"; "restarting", until a restart succeeds; or "stopped": specified, without an agent.
        since: when the agent running now was started, in seconds of the loop's clock.
        restarts: how often the child has been started again, ever.
        attempt: how many restarts its present row of them has had (`Backoff.attempt`).
        retry: the "try again" note that stands while it is "restarting", or None; any other is void (RF-4).
        history: its last restarts, latest last; as texts, for a reason could keep a dead agent in memory.
    """

    __slots__ = ("attempt", "history", "ref", "restarts", "retry", "since", "spec", "state")

    def __init__(
        self, spec: Child[Any], ref: Any = None, state: State = "stopped", since: float = 0.0
    ) -> None:
        self.spec, self.ref, self.state, self.since = spec, ref, state, since
        self.restarts = self.attempt = 0
        self.retry: Any = None
        self.history: tuple[Restarted, ...] = ()

    def __repr__(self) -> str:
        return f"<Record {self.spec.id!r} {self.state}>"

    def note(self, now: float, reason: Reason) -> None:
        """Add to the history that at `now` the child had to be restarted, having ended for `reason`."""
        why = f"{reason.type}: {reason.text[:TEXT]}" if isinstance(reason, Crash) else type(reason).__name__
        self.restarts += 1
        self.history = (*self.history[1 - HISTORY :], Restarted(now, why[:TEXT]))


class Children:
    """Records in start order (ST-5). What concerns one child costs the same among 100,000 siblings.

    With `anonymous`, children are known by address alone: ids may repeat (DS-1), a record is added with its
    `ref`, one without an agent is gone, and a restart moves it to the end: no order is promised.

    Iterating yields records; the collection must not change meanwhile, so iterate over a tuple where it may.
    """

    __slots__ = ("_active", "_by_ref", "_records", "_significant", "_supervisors", "anonymous")

    def __init__(self, anonymous: bool = False) -> None:
        self.anonymous = anonymous
        self._by_ref: dict[Any, Record] = {}
        self._records: dict[Any, Record] = self._by_ref if anonymous else {}
        self._active = self._supervisors = self._significant = 0

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __reversed__(self) -> Iterator[Record]:
        return reversed(self._records.values())

    @property
    def significant(self) -> int:
        """How many significant children are running or restarting (AS-3)."""
        return self._significant

    def counts(self) -> Counts:
        """How many children there are; kept all along, so this costs nothing."""
        return Counts(len(self), self._active, self._supervisors, len(self) - self._supervisors)

    def get(self, id: object) -> Record | None:
        """The child called `id`, or None. Always None in an anonymous collection."""
        try:
            return None if self.anonymous else self._records.get(identity(id))
        except TypeError:  # not hashable, so nobody's id
            return None

    def find(self, id: object) -> Record:
        """The child called `id`. Raises `NotFound`."""
        record = self.get(id)
        if record is None:
            raise NotFound(id)
        return record

    def by_ref(self, ref: object) -> Record | None:
        """The child whose agent is at `ref`, or was while it is restarting; None if there is none."""
        try:
            return self._by_ref.get(ref)
        except TypeError:  # not hashable, so no address
            return None

    def onward(self, id: object) -> tuple[Record, ...]:
        """The child called `id` and those after it, in start order. Costs their number. Raises `NotFound`."""
        return onward(self, self.find(id))

    def check_free(self, id: object) -> None:
        """Check that a child called `id` could be added (API-1).

        Raises `AlreadyStarted` if there is one and it runs, `AlreadyPresent` if it does not or is restarting.
        """
        record = self.get(id)
        if record is None:
            return
        if record.state == "running":
            raise AlreadyStarted(id, record.ref)
        raise AlreadyPresent(id)

    def add(self, record: Record) -> Record:
        """Append a child, in whatever state; return it. Raises as `check_free` does."""
        self.check_free(record.spec.id)
        if not self.anonymous:
            self._records[identity(record.spec.id)] = record
        if record.ref is not None:
            self._by_ref[record.ref] = record
        self._supervisors += record.spec.type == "supervisor"
        self._count(record, 1)
        return record

    def remove(self, record: Record) -> None:
        """Forget a child; its record is "stopped" from now on. Raises `NotFound` if it is none."""
        self._check(record)
        self._count(record, -1)
        self._supervisors -= record.spec.type == "supervisor"
        if record.ref is not None:
            del self._by_ref[record.ref]
        if not self.anonymous:
            del self._records[identity(record.spec.id)]
        record.ref, record.state = None, "stopped"

    def running(self, record: Record, ref: Any, now: float) -> None:
        """Note that the child runs at `ref` since `now`; it keeps its place. Raises `NotFound`."""
        self._change(record, "running", ref)
        record.since = now

    def restarting(self, record: Record) -> None:
        """Note that the child is being tried again; its last address still finds it. Raises `NotFound`."""
        self._change(record, "restarting", record.ref)

    def stopped(self, record: Record) -> None:
        """Note that the child has no agent; an anonymous one is removed. Raises `NotFound`."""
        if self.anonymous:
            self.remove(record)
        else:
            self._change(record, "stopped", None)

    def _change(self, record: Record, state: State, ref: Any) -> None:
        self._check(record)
        again = state == record.state  # a quick restart: nothing to count anew
        if not again:
            self._count(record, -1)
        if ref is not record.ref:
            if record.ref is not None:
                del self._by_ref[record.ref]
            if ref is not None:
                self._by_ref[ref] = record
            record.ref = ref
        if not again:
            record.state = state
            self._count(record, 1)

    def _count(self, record: Record, by: int) -> None:
        if record.state == "running":
            self._active += by
        if record.spec.significant and record.state != "stopped":
            self._significant += by

    def _check(self, record: Record) -> None:
        key = record.ref if self.anonymous else identity(record.spec.id)
        if self._records.get(key) is not record:
            raise NotFound(record.spec.id)


def onward(order: Reversible[T], first: T) -> tuple[T, ...]:
    """`first` and what follows it in `order`, which holds records or ids; read from the end, as far as
    needed.

    Raises `NotFound` if `first` is not there.
    """
    wanted, tail = identity(first), []
    for item in reversed(order):
        tail.append(item)
        if item is first or identity(item) == wanted:
            return tuple(reversed(tail))
    raise NotFound(first)
