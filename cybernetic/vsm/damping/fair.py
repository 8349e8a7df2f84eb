"""Who goes next when all want to: start-time fair queueing over weights (Goyal, Vin and Cheng, 1996)."""

from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Generic, Self, TypeVar

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entry, function, instance, mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Waiting(Generic[T]):
    """One request in the queue: what waits, whose it is, its cost in units and its tags in virtual time."""

    start: float
    order: int
    flow: str = field(compare=False)
    item: T = field(compare=False)
    cost: float = field(compare=False)
    finish: float = field(compare=False)


@dataclass(frozen=True)  # with slots `FairQueue[int]()` fails in Python 3.11
class FairQueue(Generic[T]):
    """Requests of many flows (units), served so that flows that wait get work in proportion to their weights.

    While two flows f and g both wait, the work they got differs by no more than one request of each:
    `|W_f/w_f - W_g/w_g| <= c_f/w_f + c_g/w_g`. A flow that floods makes only itself wait; one that was idle
    has saved up nothing. Within a flow the order is that of arrival.

    Arguments:
        virtual: the virtual time that it is.
        count: of the requests that were put in since it was empty.
        finish: by flow, when in virtual time its last request ends.
        waiting: what waits, who goes first first.

    Begin with an empty one, `FairQueue()`. Raises `OptionError` for virtual times that are not finite.
    """

    virtual: float = 0.0
    count: int = 0
    finish: Mapping[str, float] = field(default_factory=dict)
    waiting: tuple[Waiting[T], ...] = ()

    def __post_init__(self) -> None:
        number("virtual", self.virtual)
        whole("count", self.count)
        for flow, tag in mapping("finish", self.finish).items():
            number(entry("finish", flow), tag)
        for at, one in enumerate(instance("waiting", self.waiting, tuple)):
            instance(f"waiting[{at}]", one, Waiting)
            whole(f"waiting[{at}].order", one.order)
            for name in ("start", "cost", "finish"):
                number(f"waiting[{at}].{name}", getattr(one, name))

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def head(self) -> Waiting[T] | None:
        """What `pop` would serve; None when nothing waits."""
        return self.waiting[0] if self.waiting else None

    def put(self, flow: str, item: T, *, cost: float = 1.0, weight: float = 1.0) -> Self:
        """The queue with `item` of `flow` added. `cost` in units > 0, `weight` > 0. Raises `OptionError`."""
        start = max(self.virtual, self.finish.get(instance("flow", flow, str), 0.0))
        finish = start + number("cost", cost, above=0.0) / number("weight", weight, above=0.0)
        if finish == inf:
            raise OptionError("cost", f"units that over the weight ({weight:g}) are finite", cost)
        waiting = list(self.waiting)
        insort(waiting, Waiting(start, self.count, flow, item, cost, finish))
        return changed(
            self,
            count=self.count + 1,
            finish={**self.finish, flow: finish},
            waiting=tuple(waiting),
        )

    def first(self, ready: Callable[[T], bool]) -> int | None:
        """The place of the first whose item is `ready` to be served, for `pop`; None where there is none. Raises
        `OptionError`.
        """
        function("ready", ready, "a function of an item")
        return next((at for at, one in enumerate(self.waiting) if ready(one.item)), None)

    def pop(self, at: int = 0) -> tuple[Self, Waiting[T]]:
        """Serve the head, or the one at that place: the queue without it, and what is served. Raises `IndexError` when
        nothing waits there, and `OptionError` for what is no place.
        """
        whole("at", at)
        head, rest = self.waiting[at], self.waiting[:at] + self.waiting[at + 1 :]
        if not rest:  # all that counts is who is ahead of whom, and nobody is: start afresh
            return changed(self, virtual=0.0, count=0, finish={}, waiting=()), head
        virtual = max(self.virtual, head.start)  # one that was passed over is of an earlier time
        ahead = {flow: tag for flow, tag in self.finish.items() if tag > virtual}
        return changed(self, virtual=virtual, finish=ahead, waiting=rest), head

    def without(self, gone: Callable[[T], bool]) -> Self:
        """The queue without the requests whose item is `gone`, as if they had not been made: the later ones of the
        same flow move up by what those would have got.
        """
        function("gone", gone, "a function of an item")
        left, back, last = list[Waiting[T]](), dict[str, float](), dict[str, float]()
        for one in self.waiting:
            if gone(one.item):
                back[one.flow] = back.get(one.flow, 0.0) + one.finish - one.start
                continue
            by, before = back.get(one.flow, 0.0), last.get(one.flow, 0.0)
            left.append(self._moved_up(one, by, before) if by else one)
            last[one.flow] = left[-1].finish
        if not left:
            return changed(self, virtual=0.0, count=0, finish={}, waiting=())
        finish = {
            flow: max(tag - back.get(flow, 0.0), last.get(flow, 0.0)) for flow, tag in self.finish.items()
        }
        ahead = {flow: tag for flow, tag in finish.items() if tag > self.virtual}
        return changed(self, finish=ahead, waiting=tuple(sorted(left)))

    def _moved_up(self, one: Waiting[T], by: float, before: float) -> Waiting[T]:
        """It, earlier by so much; but not before now, nor before the one of its flow that is `before` it has ended. One
        that was passed over is of an earlier time than now, and keeps its place.
        """
        start = min(one.start, max(self.virtual, one.start - by, before))
        return replace(one, start=start, finish=start + one.finish - one.start)

    def renewed(self, known: Callable[[T], bool], item: T) -> Self | None:
        """The queue with `item` in the place of the one that is `known`, with its tags; None where there is none.
        Raises `OptionError`.
        """
        function("known", known, "a function of an item")
        for at, one in enumerate(self.waiting):
            if known(one.item):
                kept = replace(one, item=item)
                return changed(self, waiting=(*self.waiting[:at], kept, *self.waiting[at + 1 :]))
        return None

    def drop(self, flow: str) -> Self:
        """The queue without what waits for `flow` (a unit that has ended). Raises `OptionError`."""
        instance("flow", flow, str)
        left = tuple(request for request in self.waiting if request.flow != flow)
        ahead = {other: tag for other, tag in self.finish.items() if other != flow}
        return changed(self, finish=ahead, waiting=left)
