"""The agent of system 2."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from math import inf
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Deferred, Named, Timer
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import Ear, hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.coordination.crowds import Crowds
from cybernetic.vsm.coordination.lending import LONGEST, LeaseDesk
from cybernetic.vsm.coordination.messages import (
    CallLost,
    CallShared,
    CallUnderWay,
    CallWanted,
    Census,
    Chose,
    CoordinationPlan,
    Crowd,
    Ended,
    Granted,
    Joining,
    Leased,
    LeaseRelease,
    LeaseRenewal,
    LeaseRequest,
    LeaseWithdrawal,
    Opened,
    OscillationNotice,
    Paced,
    PaceRequest,
    PaceWithdrawal,
    Refused,
    Succeeded,
    UsedPort,
    lease_seconds,
)
from cybernetic.vsm.coordination.pool import Pool
from cybernetic.vsm.coordination.queues import Queues
from cybernetic.vsm.coordination.remit import Remit
from cybernetic.vsm.coordination.swings import SHARE, Swings, shares
from cybernetic.vsm.coordination.watching import Watching
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.timing import now

RETOLD = 10  # rounds after which advice in force is told again
LOOK = 1.0  # seconds for a unit's answer to what leases it holds, and between two questions


class Coordination(Member):
    """System 2 of a level: paces shared rates, grants exclusive leases, lets calls be one, damps what swings.

    All it holds is soft: a successor begins anew, and learns from the units what it has to know.

    Args:
        path: of the level.
        remit: the level's ports and units.
    """

    role = Role.COORDINATION
    period: float | None = 1.0

    def __init__(self, path: str, remit: Remit) -> None:
        super().__init__(path)
        self._remit, self._ttl = remit, lease_seconds(path, self.pulse)
        self._lending = LeaseDesk()
        self._timer: Timer | None = None
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)
        self._epoch, self._longest, self._rounds = 0, 0.0, 0
        step = self.period or 1.0
        self._grants: dict[str, float] = {}
        self._swings = Swings(step)
        self._crowds = Crowds(remit.above, remit.nested)
        self._watched = {
            group: Watching.of(group, ports, step) for group, ports in remit.groups.items() if len(ports) > 1
        }

    async def setup(self) -> None:
        """Be born: what a predecessor granted may be in use still; nothing is granted until that is known."""
        known = await self._books.call(Books.load, "coordination")
        born = now() if known else now() - self._ttl
        if known:
            self._epoch, self._longest = known[0] + 1, known[1]
            self._lending = LeaseDesk(self._epoch, now() + self._longest)
        await self._write()
        above = self.system.named(f"{self.path}:management", Ear)
        self._queues = queues = Queues(self, above, self._remit, self._ttl, born)
        own = frozenset(self._remit.own)
        self._pool = Pool(above, own, self.pulse, self.task, queues.say_above)
        if known:
            self.task(self._counted(now() + self._longest))
        super().setup()

    # Paced ports.

    @hears(Joining)
    def _joined(self, joining: Joining, note: Note) -> Leased:
        self._queues.joined(joining, note.path_from)
        self._turn(note)
        return Leased(joining.port, self._ttl)

    @hears(PaceRequest)
    def _asked(self, request: PaceRequest, note: Note) -> Deferred[Paced]:
        self._queues.check(request.port)
        answer = self.defer()
        until = inf if note.deadline is None else note.deadline
        self._queues.asked(request, note.path_from, until, answer)
        self._turn(note)
        return answer

    @hears(PaceWithdrawal)
    def _given_up(self, word: PaceWithdrawal, note: Note) -> None:
        self._queues.withdrawn(word)
        self._turn(note)

    @hears(Refused)
    def _refused(self, refused: Refused, note: Note) -> None:
        self._queues.said(refused, note.path_from, note.id)
        self._turn()

    @hears(Succeeded)
    def _succeeded(self, succeeded: Succeeded, note: Note) -> None:
        self._queues.said(succeeded, note.path_from, note.id)
        self._turn()

    @hears(Ended)
    def _ended(self, ended: Ended, note: Note) -> None:
        self._queues.said(ended, note.path_from, note.id)
        self._turn()

    @hears(UsedPort)
    def _used(self, used: UsedPort, note: Note) -> None:
        self._queues.said(used, note.path_from, note.id)

    def opened(self, opened: Opened) -> None:
        """The level above paces a port."""
        self._queues.opened(opened)

    def part(self, port: str, until: float, lapses: float = inf) -> float:
        """The part (0 to 1) of a port paced above that no unit of the level will use by itself before `until`; the
        lease that is asked for with it has lapsed at `lapses`, seconds; infinite: nobody knows yet.
        """
        return self._queues.part(port, until, lapses)

    def look(self) -> None:
        """A timer has come: who may go now?"""
        self._timer = None
        self._turn()

    def _turn(self, heard: Note | None = None) -> None:
        at = now()
        self._lending.turn(at)
        due = min(self._queues.turn("" if heard is None else heard.id), self._lending.due(at))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due < inf:
            self._timer = self.ref.after(max(0.001, due - at)).cast(Coordination.look)

    # Exclusive leases.

    @hears(LeaseRequest)
    async def _lease(self, request: LeaseRequest, note: Note) -> Any:
        answer, at = self.defer(), now()
        wanted = min(request.ttl, LONGEST)
        if wanted > self._longest:  # a successor has to know how long to wait
            self._longest = wanted
            await self._write()
        patience = inf if note.deadline is None else note.deadline
        self._lending.request(request, note.path_from, answer, patience, max(at, now()))
        self._turn()
        return answer

    @hears(LeaseRenewal)
    def _renewed(self, renewal: LeaseRenewal, note: Note) -> Lease:
        return self._lending.renew(renewal, note.path_from, now())

    @hears(LeaseRelease)
    def _released(self, release: LeaseRelease, note: Note) -> None:
        self._lending.release(release, now())

    @hears(LeaseWithdrawal)
    def _withdrawn(self, withdrawal: LeaseWithdrawal, note: Note) -> None:
        self._lending.withdraw(note.path_from, withdrawal.key, now())
        if withdrawal.key is None:
            self._queues.without(note.path_from, note.id)
            self._pool.without(note.path_from)

    def leases(self) -> dict[str, Lease]:
        """The exclusive leases that are held, by key."""
        return self._lending.held(now())

    async def _counted(self, until: float) -> None:
        """Ask all units what they hold; once all have said it, nothing is unknown, and leases are granted again."""
        left = set(self._remit.members - self._remit.nested)
        while left and now() < until:
            asked = sorted(left)
            answers = await asyncio.gather(*(self._held_by(unit) for unit in asked))
            left -= {unit for unit, held in zip(asked, answers, strict=True) if held}
            if left:
                await asyncio.sleep(LOOK)
        if not left:
            self._lending.known(now())
            self._turn()

    async def _held_by(self, unit: str) -> bool:
        try:
            held = await self.ask(Channel.COORDINATION, Role.PORTER, Census(), unit, patience=LOOK)
        except (CallError, Refusal):
            return False
        self._lending.adopt(held, unit, now())
        return True

    async def _write(self) -> None:
        await self._books.call(Books.save, "coordination", (self._epoch, self._longest))

    # Calls that are one.

    @hears(CallWanted)
    def _call_wanted(self, wanted: CallWanted, note: Note) -> Deferred[Any]:
        answer = self.defer()
        self._pool.wanted(wanted, answer)
        return answer

    @hears(CallShared)
    def _call_shared(self, shared: CallShared, note: Note) -> None:
        self._pool.said(shared)

    @hears(CallLost)
    def _call_lost(self, lost: CallLost, note: Note) -> None:
        self._pool.said(lost)

    @hears(CallUnderWay)
    def _call_under_way(self, still: CallUnderWay, note: Note) -> None:
        self._pool.said(still)

    @hears(Quarantine)
    def _quarantined(self, one: Quarantine, note: Note) -> None:
        self._pool.bar(one.port, not one.lifted)

    # Oscillation.

    @hears(Chose)
    def _chosen(self, chose: Chose, note: Note) -> None:
        if chose.group in self._watched:
            watching, hold = self._watched[chose.group].chose(note.path_from, chose.port, now())
            self._watched[chose.group] = watching
            if hold is not None:
                self.tell(Channel.COORDINATION, Role.PORTER, hold, note.path_from)
        elif self._crowds.has(chose.group):
            self._crowds.came(note.path_from, Crowd(chose.group, {chose.port: 1}))

    @hears(Crowd)
    def _crowded(self, crowd: Crowd, note: Note) -> None:
        if crowd.group in self._watched:
            watching = self._watched[crowd.group]
            self._watched[crowd.group] = watching.crowd(note.path_from, crowd.counts)
        elif self._crowds.has(crowd.group):
            self._crowds.came(note.path_from, crowd)

    def advised(self, plan: CoordinationPlan) -> None:
        """The level above advises those that choose within a group of its own."""
        self._tell_plans(self._crowds.plans(plan))

    @hears(Granted)
    def _granted(self, granted: Granted, note: Note) -> None:
        self._grants[note.path_from] = granted.amount

    async def _watch_figures(self) -> None:
        """Rates, and the shares of what is granted. A rate that swings is sought with more care."""
        rates = {f"rate of {port}": rate for port, rate in self._queues.rates().items()}
        self._swings, notices = self._swings.after(rates | shares(self._grants))
        for notice in notices:
            await self._jot(notice)
            self._queues.calm(notice.signal.removeprefix("rate of "))
            if notice.signal.startswith(SHARE):  # who shares out can see to it
                self.tell(Channel.COORDINATION, Role.CONTROL, notice)

    async def _watch(self, group: str) -> None:
        rates = self._queues.rates()
        ports = self._remit.groups[group]
        known = all(port in rates for port in ports)
        capacities = {port: rates[port] if known else 1.0 for port in ports}
        watching, notice = self._watched[group].cycle(capacities, now())
        self._watched[group] = watching
        if notice is None:
            return
        await self._jot(notice)
        self._advise(watching)

    def _advise(self, watching: Watching) -> None:
        self._tell_plans(watching.plans(now()))

    def _tell_plans(self, plans: Mapping[str, CoordinationPlan]) -> None:
        for unit, plan in plans.items():
            role = Role.MANAGEMENT if unit in self._remit.nested else Role.PORTER
            self.tell(Channel.COORDINATION, role, plan, unit)

    async def _jot(self, notice: OscillationNotice) -> None:
        await self._books.call(Books.note, Entry("oscillation", self.path, asdict(notice), now()))

    def take_out(self, *mechanisms: str) -> None:
        """Damp without some of "detection", "plan", "holds", "shaping": to see what each is for."""
        self._watched = {group: one.taking_out(*mechanisms) for group, one in self._watched.items()}

    def herds(self) -> dict[str, dict[str, int]]:
        """By group: how many units are at each of its ports."""
        return {group: one.herd.counts() for group, one in self._watched.items()}

    # Its round.

    async def cycle(self) -> None:
        """Let leases lapse, look at the queues, and at what swings."""
        self._turn()
        self._pool.turn()
        self._queues.cycle()
        self._rounds += 1
        await self._watch_figures()
        for crowd in self._crowds.words():
            self._queues.say_above(crowd)
        for group in self._watched:
            await self._watch(group)
            if self._rounds % RETOLD == 0:  # for units that have not heard it, or have been born since
                self._advise(self._watched[group])

    def flows(self) -> dict[str, tuple[float, int]]:
        """Of each paced port the rate a second, and how many wait."""
        waiting = self._queues.waiting()
        return {port: (rate, waiting[port]) for port, rate in self._queues.rates().items()}

    def measured(self) -> dict[str, dict[str, tuple[tuple[float, int], str]]]:
        """The flows: each with the id of the note that moved it, or of the call that was let go."""
        moved = self._queues.moved
        return {"flows": {port: (flow, moved.get(port, "")) for port, flow in self.flows().items()}}
