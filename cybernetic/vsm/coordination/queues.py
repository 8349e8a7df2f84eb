"""The paced ports of a level: a queue for each, those the level above paces among them, and those found to need one."""

from collections.abc import Sequence
from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear
from cybernetic.vsm.coordination.flow import Flow, Turn
from cybernetic.vsm.coordination.messages import (
    OBEYED,
    Ended,
    Joining,
    NotPaced,
    Opened,
    Paced,
    PaceRequest,
    PaceWithdrawal,
    Refused,
    Succeeded,
    UsedPort,
)
from cybernetic.vsm.coordination.relay import Relay
from cybernetic.vsm.coordination.remit import Remit
from cybernetic.vsm.damping.fair import Waiting
from cybernetic.vsm.damping.shares import SharedPacer
from cybernetic.vsm.timing import now

MOVED = 0.2  # part by which a rate has to move before units are told their new static shares
AGAIN = 1.0  # seconds for a word to the level above

Word = Refused | Succeeded | Ended | UsedPort


class Queues:
    """Whose turn it is at each paced port.

    A port that nobody declared to have a limit has no queue until its other side says "too many" for the first time:
    the level that declares it opens one then, for all units and the levels within them.

    Args:
        owner: the agent of system 2.
        above: who speaks for this level in the one above.
        remit: of the level.
        ttl: seconds of a lease on a part of a rate.
        born: when it began, seconds; a first one says so much earlier that it need not wait for anybody.

    Attributes:
        moved: by port: the id of what has moved its queue or its rate last, a note or a call.
    """

    def __init__(self, owner: Any, above: Named[Ear], remit: Remit, ttl: float, born: float) -> None:
        self._owner, self._above, self._remit, self._ttl, self._born = owner, above, remit, ttl, born
        self._flows: dict[str, Flow] = {}
        self._relays: dict[str, Relay] = {}
        self._told: dict[str, float] = {}  # the rate at which units were told their shares
        self.moved: dict[str, str] = {}
        members = remit.members
        if members:
            for port, rate in remit.rates.items():
                patience = remit.own.get(port, 60.0)
                self._flows[port] = Flow.of(rate, members, ttl, born, patience)
                self._told[port] = self._flows[port].pacer.rate
            for port, each in remit.shared.items():
                self._relay(port, each * len(members))
        self._seen = {port: _figures(flow) for port, flow in self._flows.items()}

    # What units say.

    def joined(self, joining: Joining, unit: str) -> None:
        """A unit asks for its lease. Raises `NotPaced` for a port of which it knows no more than this system 2."""
        port, members = joining.port, self._remit.members
        if not self._knows(port):
            if joining.share <= 0.0:
                raise NotPaced(port)
            self._open(port, joining.share * len(members))
        if port in self._relays:
            self._relays[port].heard(unit, joining.holds_until, joining.part)
            self._relays[port].barred(joining.barred)
        else:
            flow = self._flows[port].heard(unit, joining.holds_until, now(), joining.part)
            self._flows[port] = flow.barred(now() + joining.barred) if joining.barred > 0.0 else flow

    def check(self, port: str) -> None:
        """Raises `NotPaced` unless the port is paced, here or above."""
        if not self._knows(port):
            raise NotPaced(port)

    def asked(self, request: PaceRequest, unit: str, until: float, answer: Deferred[Paced]) -> None:
        """A unit wants its turn at a port that is paced, which is of use to it `until` then."""
        turn, port = Turn(answer, until, request.id, request.again and bool(request.id)), request.port
        weight = self._remit.weights.get(unit, 1.0) * request.weight
        if port in self._relays:
            self._relays[port].asked(unit, turn, request.cost, weight)
        else:
            self._flows[port] = self._flows[port].asked(unit, turn, request.cost, weight)

    def withdrawn(self, word: PaceWithdrawal) -> None:
        """A unit does not want turns any more that it has asked for."""
        ids = frozenset(word.ids)
        if word.port in self._relays:
            self._relays[word.port].withdrawn(ids)
        elif word.port in self._flows:
            self._flows[word.port] = self._flows[word.port].withdrawn(ids)

    def said(self, word: Word, unit: str, note: str = "") -> None:
        """What a unit heard from the other side of a port, or tells of its use of it, in a `note` (its id)."""
        port, at = word.port, now()
        if port in self._flows:
            flow = self._flows[port]
            match word:
                case Refused():
                    flow = flow.ended(unit, at).refused(at, word.retry_after)
                case Succeeded():
                    flow = flow.ended(unit, at, word.seconds).succeeded(at)
                case Ended():
                    flow = flow.ended(unit, at)
                case UsedPort() if flow.sought:
                    flow = flow.used(word.rate, at)
            self._flows[port] = flow
        elif port not in self._remit.own:
            if isinstance(word, Refused) and port in self._relays:
                self._relays[port].barred(min(word.retry_after, OBEYED))
            self.say_above(word)
        elif isinstance(word, Refused) and self._remit.members:
            self._open(port, 0.0)
            self._flows[port] = self._flows[port].refused(at, word.retry_after)
        self._mark(port, note)

    def without(self, unit: str, note: str = "") -> None:
        """A unit begins anew, it says in a `note` (its id): it waits for nothing, and has no call out."""
        self._flows = {port: flow.without(unit) for port, flow in self._flows.items()}
        for port in self._flows:
            self._mark(port, note)
        for relay in self._relays.values():
            relay.without(unit)

    # What the level above says.

    def opened(self, opened: Opened) -> None:
        """The level above paces a port, and the level's static share is so much."""
        if opened.port in self._relays:
            self._relays[opened.port].sharing(opened.share)
            self._told.pop(opened.port, None)
        elif opened.port not in self._flows:
            self._open(opened.port, opened.share)

    def part(self, port: str, until: float, lapses: float) -> float:
        """The part (0 to 1) of a port paced above that no unit of the level will use by itself before `until`; the
        lease that is asked for with it has lapsed at `lapses`, seconds.
        """
        relay = self._relays.get(port)
        return 0.0 if relay is None else relay.part(until, lapses)

    # Time.

    def turn(self, note: str = "") -> float:
        """Let go who may, after a `note` (its id) if there was one; returns when to look again, seconds."""
        at = now()
        for port, flow in self._flows.items():
            self._flows[port], gone = flow.turn(at)
            self._mark(port, _last(gone or _lapsed(flow, self._flows[port])) or note)
            for head in gone:
                if not head.item.answer.reply(Paced(port)):  # nobody hears it
                    self._flows[port] = self._flows[port].ended(head.flow, at)
        return min((flow.due(at) for flow in self._flows.values()), default=inf)

    def cycle(self) -> None:
        """A round: ask above for turns, and tell units of shares they do not know."""
        for relay in self._relays.values():
            relay.cycle()
        for port, pacer in self._pacers().items():
            self._announce(port, pacer)

    def calm(self, port: str) -> None:
        """The rate of a port swings: look for its limit in smaller steps."""
        if port in self._flows:
            self._flows[port] = self._flows[port].calm()

    def rates(self) -> dict[str, float]:
        """Of each port paced here the rate a second."""
        return {port: flow.pacer.rate for port, flow in self._flows.items()}

    def waiting(self) -> dict[str, int]:
        """Of each port paced here how many wait."""
        return {port: len(flow.queue) for port, flow in self._flows.items()}

    # Within.

    def _mark(self, port: str, source: str) -> None:
        """Say what has moved its queue or its rate, if that is another than it was."""
        flow = self._flows.get(port)
        if flow is not None and (figures := _figures(flow)) != self._seen.get(port):
            self._seen[port] = figures
            self.moved[port] = source or self.moved.get(port, "")

    def _knows(self, port: str) -> bool:
        return port in self._flows or port in self._relays

    def _open(self, port: str, rate: float) -> None:
        """Pace a port from now on, and say so."""
        if port in self._remit.own:
            members, patience = self._remit.members, self._remit.own[port]
            born = now() - self._ttl if rate <= 0.0 else self._born
            self._flows[port] = Flow.seeking(rate, members, self._ttl, born, patience)
            self._announce(port, self._flows[port].pacer)
        else:
            self._announce(port, self._relay(port, rate))

    def _relay(self, port: str, rate: float) -> SharedPacer:
        pacer = SharedPacer(rate, self._remit.members, self._ttl, self._born)
        self._relays[port] = Relay(self._owner, self._above, port, pacer)
        if port in self._remit.shared:
            self._told[port] = rate
        return pacer

    def _pacers(self) -> dict[str, SharedPacer]:
        found = {port: flow.pacer for port, flow in self._flows.items()}
        return found | {port: relay.pacer for port, relay in self._relays.items()}

    def _announce(self, port: str, pacer: SharedPacer) -> None:
        """Tell all units their share where it has moved; else those that hold no lease, if they may not know of it."""
        at, told = now(), self._told.get(port)
        moved = told is None or abs(pacer.rate - told) > MOVED * told
        declared = port in self._remit.rates or port in self._remit.shared
        if moved:
            self._told[port] = pacer.rate
        for unit in sorted(pacer.members):
            if moved or (not declared and pacer.held.get(unit, -inf) <= at):
                role = Role.MANAGEMENT if unit in self._remit.nested else Role.PORTER
                opened = Opened(port, pacer.rate / len(pacer.members))
                self._owner.tell(Channel.COORDINATION, role, opened, unit)

    def say_above(self, word: object) -> None:
        """Say something to system 2 of the level above; nobody waits for it."""
        self._owner.task(self._said_above(word))

    async def _said_above(self, word: object) -> None:
        try:
            await self._above.within(AGAIN).call(Ear.up, word)
        except (CallError, Refusal):
            return


def _figures(flow: Flow) -> tuple[float, int]:
    """What is told of a flow: its rate, and how many wait."""
    return flow.pacer.rate, len(flow.queue)


def _lapsed(before: Flow, after: Flow) -> list[Waiting[Turn]]:
    """Who waits no more, as nobody would hear it."""
    if len(after.queue) == len(before.queue):
        return []
    waiting = {id(one.item) for one in after.queue.waiting}
    return [one for one in before.queue.waiting if id(one.item) not in waiting]


def _last(left: Sequence[Waiting[Turn]]) -> str:
    """Under which id the last of these was asked for."""
    return left[-1].item.id if left else ""
