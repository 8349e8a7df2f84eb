"""What one node knows of names and groups, and what follows from each change: decisions, and no agent in sight.

Each node writes a part of its own, and knows the parts of those it is linked with; so no node speaks for another, and a
lost node's part is dropped as a whole. Of several claims to a name the greatest wins, everywhere alike, so nodes that
know the same parts see the same holder. Concurrent claims both succeed at first; when they meet, the later keeps the
name, and the agent that lost is told by its own node, which takes the claim back (EX-4).
"""

from collections import deque

from cybernetic.crdt import LWW, Stamp
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

MOST_MARKS = 10_000  # removals of one node that are kept for those who have not said that they know of them
MOST_FRESH = 200  # names taken that are put into the part at once: about a millisecond

Seatings = dict[parts.Place, parts.Seating]


class Directory:
    """The parts that a node knows, and indexes of what stands in them.

    Methods take in one piece of news and return what follows from it, to be done in that order. Costs do not grow with
    what else is known, except where a node is lost: with its own.

    Args:
        node: the name of this node.
        incarnation: its incarnation.
    """

    def __init__(self, node: str, incarnation: str) -> None:
        self.me: Source = (node, incarnation)
        self._writer = parts.writer(self.me)
        self._parts: dict[Source, Part] = {self.me: parts.NONE}
        self._fresh = parts.Claims(self._writer)  # what is not in its own part yet
        self._claims: dict[str, dict[Source, Claim]] = {}
        self._holders: dict[str, Claim] = {}
        self._running: dict[str, dict[Source, None]] = {}  # the nodes that run the agent of a service
        self._seats: dict[str, dict[Source, Seatings]] = {}
        self._marks: dict[
            Source, deque[Part]
        ] = {}  # deltas that removed something, whose marks are still kept

    # What is known.

    @property
    def own(self) -> Part:
        """This node's part, for all others to know."""
        if self._fresh:
            self._parts[self.me] = self._fresh.join(self._parts[self.me])
        return self._parts[self.me]

    @property
    def version(self) -> int:
        """The number of the latest change of this node."""
        return self._latest(self.me, self.own)

    def part(self, source: Source) -> Part:
        """What is known of the part of a node."""
        return self.own if source == self.me else self._parts.get(source, parts.NONE)

    @property
    def sources(self) -> list[Source]:
        """The nodes of which anything is known, this one first."""
        return list(self._parts)

    def holder(self, name: str) -> Claim | None:
        """Who holds a name; None: it is free."""
        return self._holders.get(name)

    def holders(self) -> list[Claim]:
        """The holder of each name that has one."""
        return list(self._holders.values())

    def served(self, service: str) -> bool:
        """Whether another node runs the agent of a service."""
        return any(source != self.me for source in self._running.get(service, ()))

    def seats(self, service: str) -> list[Seat]:
        """Who of other nodes is in a group of a service: of each node in the order of joining."""
        return [
            seat
            for source, seatings in self._seats.get(service, {}).items()
            if source != self.me
            for seat in sorted(seat for place in seatings for seat in _seats(source, place, seatings[place]))
        ]

    # What the agents of this node do.

    def claim(self, name: str, stamp: Stamp, serial: int, path: str) -> list[Effect]:
        """An agent takes a name, in place of any other of this node.

        If another node's claim is greater, for its clock is far ahead, it is lost at once.
        """
        own = self.own if len(self._fresh) >= MOST_FRESH else self._parts[self.me]
        delta = self._fresh.take(own, name, stamp, serial, path)
        return _in_order(
            [Tell(delta), *self._settle(name, self.me, Claim(name, self.me, stamp, serial, path))]
        )

    def release(self, name: str, serial: int) -> list[Effect]:
        """An agent gives up a name, or has ended. Nothing if it has lost it before."""
        now = self._claims.get(name, {}).get(self.me)
        if now is None or now.serial != serial:
            return []
        return self._write(parts.released(self.own, self._writer, name))

    def open(self, service: str) -> list[Effect]:
        """The agent of a service runs."""
        return self._write(parts.opened(self.own, self._writer, service))

    def close(self, service: str) -> list[Effect]:
        """The agent of a service, or what stood for one, has ended, and nobody is in its groups."""
        places = self._seats.get(service, {}).get(self.me, ())
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
        before, after = self.part(source), self.part(source).join(delta)
        seatings: dict[parts.Place, tuple[parts.Seating | None, parts.Seating | None]] = {}
        claims: dict[str, Claim | None] = {}
        runs: dict[str, bool] = {}
        for key, kind in delta.told():
            if isinstance(key, tuple):
                seatings[key] = parts.seating(before, key), parts.seating(after, key)
            elif kind is LWW:
                claims[key] = parts.claim(after, source, key)
            else:
                runs[key] = parts.runs(after, key)
        self._keep(source, after, delta)
        effects: list[Effect] = []
        for name, claim in claims.items():
            effects += self._settle(name, source, claim)
        went, came = [], []
        for place, (was, now) in seatings.items():
            self._seat(source, place, now)
            old, new = _seats(source, place, was), _seats(source, place, now)
            went += [seat for seat in old if seat not in new]
            came += [seat for seat in new if seat not in old]
        effects += [Left(seat) for seat in sorted(went)]
        effects += [Entered(seat) for seat in sorted(came)]
        for service, running in runs.items():
            effects += self._run(service, source, running)
        return _in_order(effects)

    def lost(self, source: Source) -> list[Effect]:
        """A node is out of reach: the names its agents held are free, or another's; they are in no group."""
        part = self._parts.pop(source, None)
        self._marks.pop(source, None)
        effects: list[Effect] = []
        for key, kind in part.told() if part is not None else ():
            if isinstance(key, tuple):
                seats = _seats(source, key, self._seats.get(key[0], {}).get(source, {}).get(key))
                effects += [Left(seat) for seat in seats]
                self._seat(source, key, None)
            elif kind is LWW:
                effects += self._settle(key, source, None)
            else:
                effects += self._run(key, source, False)
        return effects

    # What others lack.

    def missing(self, source: Source, version: int) -> tuple[int, ...] | None:
        """What is known of a node's changes if it is less than those up to `version`; None: nothing is missing."""
        whole = self.part(source).context.knows_up_to(parts.writer(source), version)
        return None if whole or not version else parts.known(self.part(source), source)

    def since(self, known: tuple[int, ...]) -> Part:
        """What a node that knows these changes of this one lacks. Raises `DamagedMessage` for what are none."""
        return self.own.since(parts.upto(self.me, known))

    def agreed(self, version: int) -> None:
        """All nodes that are linked know this node's changes up to this one: marks of what was removed can go."""
        self._forget(self.me, version)

    # Inside.

    def _write(self, delta: Part) -> list[Effect]:
        """Make a change in this node's part."""
        if not delta:
            return []
        after = self.own.join(delta)
        self._keep(self.me, after, delta)
        effects: list[Effect] = [Tell(delta)]
        for key, kind in delta.told():
            if isinstance(key, tuple):
                self._seat(self.me, key, parts.seating(after, key))
            elif kind is LWW:
                effects += self._settle(key, self.me, parts.claim(after, self.me, key))
            else:
                effects += self._run(key, self.me, parts.runs(after, key))
        return _in_order(effects)

    def _keep(self, source: Source, after: Part, delta: Part) -> None:
        """Note what a part has become, and what of it need not be kept."""
        self._parts[source] = after
        if len(delta) < delta.store.trie.size:  # it removes something
            self._marks.setdefault(source, deque()).append(delta)
        if source == self.me:
            marks = self._marks.get(source)
            if (
                marks is not None and len(marks) > MOST_MARKS
            ):  # who has not heard of it yet will see so by the digest
                self._forget(source, self._latest(source, marks[0]))
            return
        known = after.context.runs.get(parts.writer(source), ())
        if len(known) == 2 and known[0] == 1:  # nothing that may still come could bring back what was removed
            self._forget(source, known[1] - 1)

    def _latest(self, source: Source, part: Part) -> int:
        return part.context.next(parts.writer(source)) - 1

    def _forget(self, source: Source, version: int) -> None:
        marks = self._marks.get(source)
        while marks and self._latest(source, marks[0]) <= version:
            part = self._parts[source]
            self._parts[source] = part.forget(parts.upto(source, (1, version + 1)), marks.popleft())
        if not marks:
            self._marks.pop(source, None)

    def _settle(self, name: str, source: Source, claim: Claim | None) -> list[Effect]:
        """A node's claim to a name is this now: see who holds it."""
        claims = self._claims.setdefault(name, {})
        if claim is None:
            claims.pop(source, None)
        else:
            claims[source] = claim
        best = max(claims.values(), key=_rank) if len(claims) > 1 else next(iter(claims.values()), None)
        effects: list[Effect] = []
        own = claims.get(self.me)
        if best is not None and own is not None and own is not best:
            del claims[self.me]
            delta = parts.released(self.own, self._writer, name)
            self._keep(self.me, self.own.join(delta), delta)
            effects += [Tell(delta), Lost(own, best)]
        if best != self._holders.get(name):
            effects.append(Changed(name, best))
        if best is None:
            self._holders.pop(name, None)
        else:
            self._holders[name] = best
        if not claims:
            del self._claims[name]
        return effects

    def _run(self, service: str, source: Source, running: bool) -> list[Effect]:
        """A node runs the agent of a service, or does not."""
        before, nodes = self.served(service), self._running.setdefault(service, {})
        if running:
            nodes[source] = None
        else:
            nodes.pop(source, None)
        if not nodes:
            del self._running[service]
        return [Closed(service)] if before and not self.served(service) else []

    def _seat(self, source: Source, place: parts.Place, seating: parts.Seating | None) -> None:
        """An agent is in a group like this now."""
        nodes = self._seats.setdefault(place[0], {})
        seatings = nodes.setdefault(source, {})
        if seating is None:
            seatings.pop(place, None)
        else:
            seatings[place] = seating
        if not seatings:
            del nodes[source]
        if not nodes:
            del self._seats[place[0]]


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
