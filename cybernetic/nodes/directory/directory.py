"""What one node knows of names and groups, and what follows from each change: decisions, and no agent in sight.

Each node writes a part of its own, and knows the parts of those it is linked with; so no node speaks for another, and a
lost node's part counts no more, as a whole and at once, however much is in it; its memory is freed in steps. Of several
claims to a name the greatest wins, everywhere alike, so nodes that know the same parts see the same holder. Concurrent
claims both succeed at first; when they meet, the later keeps the name, and the agent that lost is told by its own node,
which takes the claim back (EX-4).
"""

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from cybernetic.crdt import LWW, Stamp, key_of, taken_down
from cybernetic.nodes.directory import parts
from cybernetic.nodes.directory.entries import (
    Changed,
    Claim,
    Closed,
    Effect,
    Entered,
    Left,
    Lost,
    Part,
    Seat,
    Source,
    Tell,
)
from cybernetic.nodes.directory.told import Told
from cybernetic.nodes.directory.wide import Wide

MOST_MARKS = 10_000  # removals of one node that are kept for those who have not said that they know of them
MOST_FRESH = 200  # names taken that are put into the part at once: about a millisecond
AT_ONCE = 50  # keys that are handled in one turn of the loop: a millisecond or two

Seatings = dict[parts.Place, parts.Seating]
Claims = dict[Told, Claim]


class Directory:
    """The parts that a node knows, and indexes of what stands in them.

    Methods take in one piece of news and return what follows from it, to be done in that order. Costs do not grow with
    what else is known. That names are free since a node is lost is nothing that follows: whoever looks finds it so.
    What is left to be done then, or when a node has told all anew, is done by `go_on`, `AT_ONCE` keys at a time.

    Args:
        node: the name of this node.
        incarnation: its incarnation.
    """

    def __init__(self, node: str, incarnation: str) -> None:
        self.me: Source = (node, incarnation)
        self._writer = parts.writer(self.me)
        self._own = Told(self.me)
        self._told: dict[Source, Told] = {self.me: self._own}
        self._fresh = parts.Claims(self._writer)  # what is not in its own part yet
        self._claims = Wide[Claims]()
        self._running: dict[str, dict[Told, None]] = {}  # the nodes that run the agent of a service
        self._seats: dict[str, dict[Told, Seatings]] = {}
        self._marks: dict[Told, deque[Part]] = {}  # deltas that removed something, whose marks are still kept
        self._rest: deque[Iterator[list[Effect]]] = deque()  # what is left to be done

    # What is known.

    @property
    def own(self) -> Part:
        """This node's part, for all others to know."""
        if self._fresh:
            self._own.part = self._fresh.join(self._own.part)
        return self._own.part

    @property
    def version(self) -> int:
        """The number of the latest change of this node."""
        return self._latest(self._own, self.own)

    def part(self, source: Source) -> Part:
        """What is known of the part of a node."""
        if source == self.me:
            return self.own
        told = self._told.get(source)
        return parts.NONE if told is None else told.part

    @property
    def sources(self) -> list[Source]:
        """The nodes of which anything is known, this one first."""
        return list(self._told)

    def holder(self, name: str) -> Claim | None:
        """Who holds a name; None: it is free."""
        claims = self._claims.get(name)
        return None if claims is None else _best(claims)

    def holders(self) -> list[Claim]:
        """The holder of each name that has one."""
        return [best for _, claims in self._claims.items() if (best := _best(claims)) is not None]

    def name(self, source: Source, serial: int) -> str | None:
        """The name that an agent of another node claims; None: it claims none."""
        told = self._told.get(source)
        return None if told is None else told.named(serial)

    def served(self, service: str) -> bool:
        """Whether another node runs the agent of a service."""
        return any(told is not self._own for told in self._running.get(service, ()))

    def seats(self, service: str) -> list[Seat]:
        """Who of other nodes is in a group of a service: of each node in the order of joining."""
        return [
            seat
            for told, seatings in self._seats.get(service, {}).items()
            if told is not self._own
            for seat in sorted(
                seat for place in seatings for seat in _seats(told.source, place, seatings[place])
            )
        ]

    # What the agents of this node do.

    def claim(self, name: str, stamp: Stamp, serial: int, path: str) -> list[Effect]:
        """An agent takes a name, in place of any other of this node.

        If another node's claim is greater, for its clock is far ahead, it is lost at once.
        """
        own = self.own if len(self._fresh) >= MOST_FRESH else self._own.part
        delta = self._fresh.take(own, name, stamp, serial, path)
        return _in_order(
            [Tell(delta), *self._settle(name, self._own, Claim(name, self.me, stamp, serial, path))]
        )

    def release(self, name: str, serial: int) -> list[Effect]:
        """An agent gives up a name, or has ended. Nothing if it has lost it before."""
        now = (self._claims.get(name) or {}).get(self._own)
        if now is None or now.serial != serial:
            return []
        return self._write(parts.released(self.own, self._writer, name))

    def open(self, service: str) -> list[Effect]:
        """The agent of a service runs."""
        return self._write(parts.opened(self.own, self._writer, service))

    def close(self, service: str) -> list[Effect]:
        """The agent of a service, or what stood for one, has ended, and nobody is in its groups."""
        places = self._seats.get(service, {}).get(self._own, ())
        return self._write(parts.closed(self.own, self._writer, service, places))

    def enter(self, service: str, key: bytes, serial: int, path: str) -> list[Effect]:
        """An agent joins a group."""
        return self._write(parts.joined(self.own, self._writer, (service, key, serial), path))

    def leave(self, service: str, key: bytes, serial: int) -> list[Effect]:
        """An agent leaves a group once, or has ended."""
        return self._write(parts.left(self.own, self._writer, (service, key, serial)))

    # What other nodes tell.

    def learn(self, source: Source, delta: Part) -> list[Effect]:
        """Another node tells of its part."""
        told = self._told.get(source)
        if told is None:
            told = self._told[source] = Told(source)
        after = told.part.join(delta)
        self._keep(told, after, delta)
        effects: list[Effect] = []
        went: list[Seat] = []
        came: list[Seat] = []
        for key, kind in delta.told():
            if isinstance(key, tuple):
                old, new = self._seat(told, key, parts.seating(after, key))
                went += [seat for seat in old if seat not in new]
                came += [seat for seat in new if seat not in old]
            elif kind is LWW:
                effects += self._settle(key, told, parts.claim(after, source, key))
        effects += [Left(seat) for seat in sorted(went)]
        effects += [Entered(seat) for seat in sorted(came)]
        for key, kind in delta.told():
            if not isinstance(key, tuple) and kind is not LWW:
                effects += self._run(key, told, parts.runs(after, key))
        if told.whole:
            self._rest.append(self._swept(told, taken_down(told.replaced().store)))
        return _in_order(effects)

    def doubt(self, source: Source, version: int) -> None:
        """A node's part is not as it is known here, and is asked for: what is known counts until all of it has come.

        Args:
            source: the node.
            version: the number of its latest change.
        """
        told = self._told.get(source)
        if told is not None:
            self._marks.pop(told, None)
            told.doubt(version)

    def lost(self, source: Source) -> list[Effect]:
        """A node is out of reach: from now on its names are free, or another's, and its agents are in no group."""
        told = self._told.pop(source, None)
        if told is None:
            return []
        told.lost = True
        effects: list[Effect] = []
        for service in [service for service, nodes in self._running.items() if told in nodes]:
            effects += self._run(service, told, False)
        kept: list[Any] = [self._marks.pop(told, deque())]
        for service in [service for service, nodes in self._seats.items() if told in nodes]:
            kept.append(deque(self._seats[service].pop(told).items()))
            if not self._seats[service]:
                del self._seats[service]
        rows = chain.from_iterable([taken_down(part.store) for part in told.taken()])
        self._rest.append(self._freed(told, rows, kept))
        return effects

    # What is left to be done.

    @property
    def busy(self) -> bool:
        """Whether anything is left to be done by `go_on`."""
        return bool(self._rest)

    def go_on(self) -> list[Effect]:
        """Do some of what is left to be done: nothing depends on when."""
        effects = next(self._rest[0], None) if self._rest else []
        if effects is None:
            self._rest.popleft()
        return effects or []

    def _freed(self, told: Told, rows: Iterator[Any], kept: list[Any]) -> Iterator[list[Effect]]:
        """Free what was kept of a node that is lost."""
        while some := list(islice(rows, AT_ONCE)):
            names = [key_of(slot) for (kind, slot), _ in some if kind == LWW.kind]
            for name in names:
                self._settle(name, told, None)
            yield [Changed(name, self.holder(name)) for name in names]
        for each in kept:
            while each:
                for _ in range(min(AT_ONCE, len(each))):
                    each.popleft()
                yield []

    def _swept(self, told: Told, rows: Iterator[Any]) -> Iterator[list[Effect]]:
        """What stood in a part that its node has told anew counts no more if it is not there now."""
        while some := list(islice(rows, AT_ONCE)):
            effects: list[Effect] = []
            for (kind, slot), _ in some:
                key = key_of(slot)
                if told.has((kind, slot)):
                    continue
                if isinstance(key, tuple):
                    effects += [Left(seat) for seat in self._seat(told, key, None)[0]]
                elif kind == LWW.kind:
                    effects += self._settle(key, told, None)
                else:
                    effects += self._run(key, told, False)
            yield _in_order(effects)

    # What others lack.

    def missing(self, source: Source, version: int) -> tuple[int, ...] | None:
        """What is known of a node's changes if it is less than those up to `version`; None: nothing is missing."""
        whole = self.part(source).context.knows_up_to(parts.writer(source), version)
        return None if whole or not version else parts.known(self.part(source), source)

    def since(self, known: tuple[int, ...], keys: int) -> Iterator[Part]:
        """What a node that knows these changes of this one lacks, as `AWMap.in_order` gives it.

        Raises `DamagedMessage` for what are none.
        """
        return self.own.in_order(keys, parts.upto(self.me, known))

    def agreed(self, version: int) -> None:
        """All nodes that are linked know this node's changes up to this one: marks of what was removed can go."""
        self._forget(self._own, version)

    # Inside.

    def _write(self, delta: Part) -> list[Effect]:
        """Make a change in this node's part."""
        if not delta:
            return []
        after = self.own.join(delta)
        self._keep(self._own, after, delta)
        effects: list[Effect] = [Tell(delta)]
        for key, kind in delta.told():
            if isinstance(key, tuple):
                self._seat(self._own, key, parts.seating(after, key))
            elif kind is LWW:
                effects += self._settle(key, self._own, parts.claim(after, self.me, key))
            else:
                effects += self._run(key, self._own, parts.runs(after, key))
        return _in_order(effects)

    def _keep(self, told: Told, after: Part, delta: Part) -> None:
        """Note what a part has become, and what of it need not be kept."""
        told.part = after
        if len(delta) < delta.store.trie.size:  # it removes something
            self._marks.setdefault(told, deque()).append(delta)
        if told is self._own:
            marks = self._marks.get(told)
            if (
                marks is not None and len(marks) > MOST_MARKS
            ):  # who has not heard of it yet will see so by the digest
                self._forget(told, self._latest(told, marks[0]))
            return
        known = after.context.runs.get(parts.writer(told.source), ())
        if len(known) == 2 and known[0] == 1:  # nothing that may still come could bring back what was removed
            self._forget(told, known[1] - 1)

    def _latest(self, told: Told, part: Part) -> int:
        return part.context.next(parts.writer(told.source)) - 1

    def _forget(self, told: Told, version: int) -> None:
        marks = self._marks.get(told)
        while marks and self._latest(told, marks[0]) <= version:
            told.part = told.part.forget(parts.upto(told.source, (1, version + 1)), marks.popleft())
        if not marks:
            self._marks.pop(told, None)

    def _settle(self, name: str, told: Told, claim: Claim | None) -> list[Effect]:
        """A node's claim to a name is this now: see who holds it."""
        claims, before, was = self._claims.get(name), None, None
        if claims is None:
            claims = self._claims[name] = {}
        else:
            before, was = _best(claims), claims.pop(told, None)
        if claim is not None:
            claims[told] = claim
        if told is not self._own:
            if was is not None:
                told.unname(was)
            if claim is not None:
                told.name(claim)
        best, own = _best(claims), claims.get(self._own)
        effects: list[Effect] = []
        if best is not None and own is not None and own is not best:
            del claims[self._own]
            delta = parts.released(self.own, self._writer, name)
            self._keep(self._own, self.own.join(delta), delta)
            effects += [Tell(delta), Lost(own, best)]
        if best != before:
            effects.append(Changed(name, best))
        if not claims:
            self._claims.pop(name)
        return effects

    def _run(self, service: str, told: Told, running: bool) -> list[Effect]:
        """A node runs the agent of a service, or does not."""
        before, nodes = self.served(service), self._running.setdefault(service, {})
        if running:
            nodes[told] = None
        else:
            nodes.pop(told, None)
        if not nodes:
            del self._running[service]
        return [Closed(service)] if before and not self.served(service) else []

    def _seat(
        self, told: Told, place: parts.Place, seating: parts.Seating | None
    ) -> tuple[list[Seat], list[Seat]]:
        """An agent is in a group like this now: its seats before, and now."""
        nodes = self._seats.setdefault(place[0], {})
        seatings = nodes.setdefault(told, {})
        was = seatings.pop(place, None) if seating is None else seatings.get(place)
        if seating is not None:
            seatings[place] = seating
        if not seatings:
            del nodes[told]
        if not nodes:
            del self._seats[place[0]]
        return _seats(told.source, place, was), _seats(told.source, place, seating)


def _best(claims: Claims) -> Claim | None:
    """Who holds a name that has these claims, of which some may be of nodes that are lost."""
    if len(claims) == 1:  # as it is most often
        for told, claim in claims.items():
            return None if told.lost else claim
    return max([claim for told, claim in claims.items() if not told.lost], key=_rank, default=None)


def _in_order(effects: list[Effect]) -> list[Effect]:
    """Losses last: an agent that is told may end at once, and others with it, when all names lead elsewhere."""
    if len(effects) > 2:  # most often a name is taken or freed, and nobody has lost it
        effects.sort(key=lambda effect: isinstance(effect, Lost))
    return effects


def _rank(claim: Claim) -> tuple[Stamp, Source, int]:
    return claim.rank


def _seats(source: Source, place: parts.Place, seating: parts.Seating | None) -> list[Seat]:
    """The seats that an agent has in a group."""
    if seating is None:
        return []
    path, numbers = seating
    return [Seat(number, place[0], place[1], source, place[2], path) for number in numbers]
