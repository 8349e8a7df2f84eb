"""The agent of system 4."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from cybernetic.core import CallError, Refusal
from cybernetic.runtime import Named
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.homeostat.balance import Balance, Bands
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Conversation,
    ConversationState,
    Side,
    open_conversation,
)
from cybernetic.vsm.homeostat.pair import WORTH
from cybernetic.vsm.intelligence.messages import (
    BalanceReport,
    Begun,
    Considered,
    Deadlock,
    Outlook,
    Proposed,
    Reckon,
    Ruling,
    Settled,
    Shift,
    Spent,
    Temper,
)
from cybernetic.vsm.intelligence.outside import Health, Kinds
from cybernetic.vsm.intelligence.premises import Premise, tripped
from cybernetic.vsm.intelligence.selfmodel import SelfModel
from cybernetic.vsm.intelligence.sources import Sources
from cybernetic.vsm.intelligence.streams import Stream
from cybernetic.vsm.intelligence.transcript import Transcript
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.operations.messages import Arrived
from cybernetic.vsm.ports.notices import PortUse, Served
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.troubles import Troubles

QUANTILE = 0.8  # of the demand that is planned for
HEADROOM = 1.25  # capacity by the demand there has been, where the model knows no better
FADE = 0.05  # weight of the latest tick in that
PATIENCE = 5.0  # seconds that each side has to answer
PERIOD = 360  # ticks of a balance


class Intelligence(Member):
    """System 4 of a level: forecasts how much work comes to each unit, and proposes shares that will do for it.

    Args:
        path: of the level.
        weights: of its units, by path: its model of the organisation.
        shares: whether weights mean anything here: a budget is shared out by them.
        tick: seconds in which arrivals are counted as one datum.
        lead: ticks from a decision until it has its effect.
    """

    role = Role.INTELLIGENCE

    def __init__(
        self, path: str, weights: Mapping[str, float], shares: bool = False, tick: float = 10.0, lead: int = 6
    ) -> None:
        super().__init__(path)
        self.period = self._tick = tick
        self._lead, self._shares = lead, shares
        self._bands, self._worth = Bands(), WORTH[0]
        self._arrived: Counter[str] = Counter()
        self._kinds, self._ports = Kinds(), dict[str, Health]()
        self._passed: dict[str, PortUse] = {}
        self._troubles, self._sources = Troubles(self), Sources(path)
        self._self = self._declared = SelfModel(dict(weights))
        self._streams = {unit: Stream(lead) for unit in weights}
        self._talk: Conversation | None = None
        self._force: tuple[str, Shift, tuple[Premise, ...]] | None = None
        self._ticks = self._begun = self._count = self._rests = 0
        self._transcript = Transcript()
        # a deadlock that nobody resolved hurts until another talk comes to an end, be it a predecessor's
        self._stuck: PainKey | None = self._deadlock().key
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)

    async def setup(self) -> None:
        """Go on from the books: with the shift in force and its premises; system 5 says what it wants."""
        self._count, force = await self._books.call(Books.load, "intelligence") or (0, None)
        if force is not None and force[1].holds(self._self.units, now()):
            self._force, self._self = force, self._self.shifted(force[1].weights)
        self.tell(Channel.METASYSTEM, Role.POLICY, Begun())
        super().setup()

    @hears(Arrived)
    def _arrival(self, arrived: Arrived, note: Note) -> None:
        self._arrived[arrived.unit] += 1
        self._kinds.came(arrived.kind)
        self._sources.came("arrivals", arrived.unit, note.disturbance or note.id)
        self._sources.measured("strange", "", note.disturbance or note.id)

    @hears(Served)
    def _served(self, served: Served, note: Note) -> None:
        for name, use in served.ports.items():
            if name not in self._ports:
                self._ports[name] = Health(self._lead)
            self._ports[name].used(use)
            self._sources.came("ports", name, note.id)
            self._passed[name] = self._passed.get(name, PortUse()) + use

    @hears(Bands)
    def _told_bands(self, bands: Bands, note: Note) -> None:
        self._bands = bands

    @hears(Temper)
    def _tempered(self, temper: Temper, note: Note) -> None:
        self._worth = temper.worth

    async def cycle(self) -> None:
        """One datum for each unit; then see whether what it is planned on still holds, and whether to propose."""
        self._ticks += 1
        seen = sum(self._arrived.values()) * HEADROOM
        known = self._self.capacity
        self._self = replace(self._self, capacity=known + FADE * (seen - known) if known else seen)
        for unit, stream in self._streams.items():
            stream.after(self._arrived[unit])
        self._arrived.clear()
        for port in self._ports.values():
            port.after()
        self._sources.tick(self._ticks, arrivals=self._streams, ports=self._ports)
        await self._troubles.ask()
        await self._watch_premises()
        if self._shares and self._talk is None:
            self._consider()
        if self._ticks - self._begun >= PERIOD:
            await self._report()

    # Proposals.

    def _consider(self) -> None:
        """Propose weights for the demand to come, where the model of the level says that they meet more of it than
        those that hold now: a step further as soon as that is worth it, or those in force again, before they lapse.
        """
        if self._ticks < self._rests or all(stream.muted for stream in self._streams.values()):
            return
        demand = {unit: stream.expected(QUANTILE) for unit, stream in self._streams.items()}
        base, worth = self._at_rest, self._worth * sum(demand.values())
        fitted = self._self.fitted(demand)
        if self._force is not None and self._self.unmet(demand) - fitted.unmet(demand) <= worth:
            if not self._ending:
                return
            fitted = self._self
        benefit = base.unmet(demand) - fitted.unmet(demand)
        most = max(demand, key=lambda unit: fitted.weights[unit] / base.weights[unit])
        if self._streams[most].muted or benefit <= worth or most in self._troubles.found:
            return  # nobody is given more of whom audits say that it does not do what it reports
        hours = PERIOD * self._tick / 3600.0
        if fitted is not self._self and self._transcript.carried >= self._bands.churn[1] * hours:
            return
        self._count += 1
        horizon = 2.0 * self._lead * self._tick
        mean = self._expected()
        likely = base.unmet(mean) - fitted.unmet(mean)
        proposal = AdaptationProposal(
            f"{self.path}:shift-{self._count}",
            f"demand of {most}",
            f"weights {fitted.weights}",
            0.0,
            benefit,
            horizon,
            spread=abs(benefit - likely),
            evidence=tuple(f"{unit}: {much:.1f} a tick" for unit, much in demand.items()),
        )
        # that the unit for whose demand it is done gets at least half of what it gets, or is thought to get at least
        stream = self._streams[most]
        premises = (Premise(most, min(stream.expected(0.1), stream.lately) * 0.5),)
        talk = open_conversation(proposal, now(), patience=PATIENCE, ruling=PATIENCE, rounds=1)
        self._talk = talk
        self._transcript.raised(proposal, now(), talk)
        self.task(self._converse(talk, Shift(fitted.weights, now() + horizon), demand, premises))

    @property
    def _at_rest(self) -> SelfModel:
        """The level as it is with nothing in force."""
        return self._self.shifted(self._declared.weights)

    @property
    def _ending(self) -> bool:
        """Whether what is in force has so little time left that it is to be renewed."""
        left = 0.0 if self._force is None else self._force[1].until - now()
        return left <= max(1.0, self._lead / 2) * self._tick

    async def _converse(
        self, talk: Conversation, shift: Shift, demand: dict[str, float], premises: tuple[Premise, ...]
    ) -> None:
        """Talk it over with system 3, and with system 5 where that comes to nothing."""
        try:
            talk, shift = await self._asked_control(talk, shift, demand)
            if talk.state is ConversationState.DEADLOCK:
                talk = await self._asked_policy(talk, shift)
            if tripped(premises, self._sure()) and not talk.state.ended:
                talk = talk.withdraw(now())
            self._transcript.ended(talk, now())
            if self._stuck is not None and talk.state is not ConversationState.ESCALATED:
                self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(self._stuck))
                self._stuck = None
            await self._jot(
                "talk", {"proposal": talk.proposal, "state": talk.state.value, "change": talk.change}
            )
            ruled = talk.state is ConversationState.RULED and bool(talk.change)
            if talk.state is ConversationState.AGREED or ruled:
                await self._carry_out(talk.proposal, shift, premises)
        finally:
            self._talk = None

    async def _asked_control(
        self, talk: Conversation, shift: Shift, demand: dict[str, float]
    ) -> tuple[Conversation, Shift]:
        considered = await self._ask(Role.CONTROL, Proposed(talk.proposal, shift))
        if isinstance(considered, Considered):
            talk, _ = talk.answer(Side.CONTROL, considered.said, now())
            countered = talk.state is ConversationState.COUNTERED
            for _, seconds in talk.answers:
                self._transcript.answered(talk.proposal, seconds, countered)
            if countered and considered.shift is not None:
                shift = considered.shift
                better = self._at_rest.unmet(demand) > self._self.shifted(shift.weights).unmet(demand)
                own = replace(considered.said, agreed=better, counter=None)
                talk, _ = talk.answer(Side.INTELLIGENCE, own, now())
                self._transcript.replied(talk.answers[-1][1])
        return await self._out(talk) if talk.waiting else talk, shift

    async def _asked_policy(self, talk: Conversation, shift: Shift) -> Conversation:
        ruled = await self._ask(Role.POLICY, Deadlock(talk.proposal, shift))
        if isinstance(ruled, Ruling) and now() < talk.due:
            return talk.rule(talk.change if ruled.do else None, now())
        pain = self._deadlock()
        self._stuck = pain.key
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))
        return await self._out(talk)

    def _deadlock(self) -> Pain:
        return Pain(self.path, "deadlock", Cause.INVARIANT, Severity.ALERT, 1.0, now())

    async def _out(self, talk: Conversation) -> Conversation:
        """The talk when the time for an answer that did not come is over."""
        await asyncio.sleep(max(0.0, talk.due - now()))
        return talk.tick(max(now(), talk.due))

    async def _carry_out(
        self, proposal: AdaptationProposal, shift: Shift, premises: tuple[Premise, ...]
    ) -> None:
        await self._ask(Role.CONTROL, Settled(proposal.id, shift, proposal.issue))
        if dict(shift.weights) != dict(self._self.weights):  # to renew changes nothing
            self._transcript.moved(proposal.id)
        self._self = self._self.shifted(shift.weights)
        await self._in_force((proposal.id, shift, premises))

    async def _watch_premises(self) -> None:
        """A shift whose premise has failed is taken back at once; one whose time is over lapses by itself."""
        if self._force is None:
            return
        id, shift, premises = self._force
        failed, over = tripped(premises, self._sure()), now() >= shift.until
        if not over and failed is None:
            return
        self._self = self._self.shifted(self._declared.weights)
        await self._in_force(None)
        if not over and failed is not None:
            self._transcript.took_back(id)
            self._rests = self._ticks + self._lead  # what it expected has just been wrong
            self.task(self._ask(Role.CONTROL, Settled(id, None, failed)))

    async def _in_force(self, force: tuple[str, Shift, tuple[Premise, ...]] | None) -> None:
        """What is in force outlives who proposed it: a successor goes on watching its premises."""
        self._force = force
        await self._books.call(Books.save, "intelligence", (self._count, force))

    async def _ask(self, role: Role, body: object) -> object:
        try:
            return await self.ask(Channel.METASYSTEM, role, body, patience=PATIENCE)
        except (CallError, Refusal) as error:
            return error

    async def _jot(self, kind: str, body: object) -> None:
        await self._books.call(Books.note, Entry(kind=kind, path=self.path, body=body, at=now()))

    # What it shows.

    def _expected(self) -> dict[str, float]:
        """Tasks a tick after the lead time, by unit; 0 of what is not known yet."""
        return {unit: stream.expected() if stream.data else 0.0 for unit, stream in self._streams.items()}

    def _sure(self) -> dict[str, float]:
        """What is expected, or comes now where that is less: a forecast needs longer to see that nothing comes."""
        return {unit: min(much, self._streams[unit].lately) for unit, much in self._expected().items()}

    async def _report(self) -> None:
        """The balance of the period, where anything was said in it: silence is none of system 5's business."""
        balance = await self.balance()
        if not self._transcript.silent:
            self.tell(Channel.METASYSTEM, Role.POLICY, BalanceReport(balance, PERIOD * self._tick))
        self._begun = self._ticks
        self._transcript.begin()

    async def balance(self) -> Balance:
        """The balance of the period so far; system 3 says what went into change."""
        spent = await self._ask(Role.CONTROL, Reckon())
        if isinstance(spent, Spent):
            self._transcript.spent(spent)
        return self._transcript.balance(max(1, self._ticks - self._begun) * self._tick)

    def passed(self) -> dict[str, PortUse]:
        """How ports were used in the level since this was asked last: the level above hears it, as of one unit."""
        passed, self._passed = self._passed, {}
        return passed

    def model(self) -> tuple[str, ...]:
        """The units of the level as it knows them."""
        return self._self.units

    def outlook(self) -> Outlook:
        """What it expects, how good its word has been, and what it has proposed."""
        return Outlook(
            self._tick,
            self._lead * self._tick,
            {unit: stream.expectation() for unit, stream in self._streams.items() if stream.data},
            {name: told for name, port in self._ports.items() if (told := port.told) is not None},
            self._kinds.strange,
            tuple(self._transcript.talks),
            () if self._force is None else self._force[2],
            self._troubles.out,
            self._troubles.found,
            self._sources.known(),
        )

    def kinds(self) -> dict[str, int]:
        """How many tasks of each kind have come."""
        return dict(self._kinds.counts)
