"""The agent of system 4."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.algedonic.messages import Felt
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.homeostat.balance import Balance, Bands, Spoken
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Conversation,
    ConversationState,
    Side,
    open_conversation,
)
from cybernetic.vsm.intelligence.messages import (
    BalanceReport,
    Considered,
    Deadlock,
    Outlook,
    Proposed,
    Ruling,
    Settled,
    Shift,
)
from cybernetic.vsm.intelligence.selfmodel import SelfModel
from cybernetic.vsm.intelligence.streams import Stream
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.operations.messages import Arrived
from cybernetic.vsm.timing import now

QUANTILE = 0.8  # of the demand that is planned for
WORTH = 0.1  # of the demand that a shift must meet beside, so that it is proposed
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
        self.period = tick
        self._lead, self._shares, self._bands = lead, shares, Bands()
        self._arrived: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._self = self._declared = SelfModel(dict(weights))
        self._streams = {unit: Stream(lead) for unit in weights}
        self._talk: Conversation | None = None
        self._force: tuple[str, Shift, dict[str, float]] | None = None  # with the premise: the least demand
        self._ticks = self._count = self._carried = self._reversed = 0
        self._raised: Counter[str] = Counter()
        self._countered: Counter[str] = Counter()
        self._answers: list[float] = []

    @hears(Arrived)
    def _arrival(self, arrived: Arrived, note: Note) -> None:
        self._arrived[arrived.unit] += 1
        self._kinds[arrived.kind] += 1

    @hears(Bands)
    def _told_bands(self, bands: Bands, note: Note) -> None:
        self._bands = bands

    def cycle(self) -> None:
        """One datum for each unit; then see whether what it is planned on still holds, and whether to propose."""
        self._ticks += 1
        seen = sum(self._arrived.values()) * HEADROOM
        known = self._self.capacity
        self._self = replace(self._self, capacity=known + FADE * (seen - known) if known else seen)
        for unit, stream in self._streams.items():
            stream.after(self._arrived[unit])
        self._arrived.clear()
        self._watch_premise()
        if self._shares and self._force is None and self._talk is None:
            self._consider()
        if self._ticks % PERIOD == 0:
            self._report()

    # Proposals.

    def _consider(self) -> None:
        """Propose weights for the demand to come, where the model of the level says that they meet more of it."""
        hours = PERIOD * (self.period or 0.0) / 3600.0
        if self._carried >= self._bands.churn[1] * hours:
            return
        demand = {unit: stream.expected(QUANTILE) for unit, stream in self._streams.items()}
        fitted = self._self.fitted(demand)
        benefit = self._self.unmet(demand) - fitted.unmet(demand)
        most = max(demand, key=lambda unit: fitted.weights[unit] / self._self.weights[unit])
        if self._streams[most].muted or benefit <= WORTH * sum(demand.values()):
            return
        self._count += 1
        horizon = 2.0 * self._lead * (self.period or 1.0)
        mean = {unit: stream.expected() for unit, stream in self._streams.items()}
        likely = self._self.unmet(mean) - fitted.unmet(mean)
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
        # the premise: that the unit for whose demand it is done gets at least what is expected now of the others' share
        premise = {most: self._streams[most].expected(0.1) * 0.5}
        self.task(self._converse(proposal, Shift(fitted.weights, now() + horizon), demand, premise))

    async def _converse(
        self, proposal: AdaptationProposal, shift: Shift, demand: dict[str, float], premise: dict[str, float]
    ) -> None:
        self._raised[proposal.issue] += 1
        talk = open_conversation(proposal, now(), patience=PATIENCE, ruling=PATIENCE, rounds=1)
        self._talk = talk
        considered = await self._ask(Role.CONTROL, Proposed(proposal, shift))
        if isinstance(considered, Considered):
            talk, _ = talk.answer(Side.CONTROL, considered.said, now())
            self._answers += [seconds for _, seconds in talk.answers]
            if talk.state is ConversationState.COUNTERED and considered.shift is not None:
                self._countered[proposal.issue] += 1
                shift = considered.shift
                said = self._self.unmet(demand) > self._self.shifted(shift.weights).unmet(demand)
                talk, _ = talk.answer(
                    Side.INTELLIGENCE, replace(considered.said, agreed=said, counter=None), now()
                )
        talk = self._talk = await self._out(talk) if talk.waiting else talk
        if talk.state is ConversationState.DEADLOCK:
            ruled = await self._ask(Role.POLICY, Deadlock(proposal, shift))
            if isinstance(ruled, Ruling) and now() < talk.due:
                talk = talk.rule(talk.change if ruled.do else None, now())
            else:
                await self._out(talk)
                pain = Pain(self.path, "deadlock", Cause.INVARIANT, Severity.ALERT, 1.0, now())
                self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))
        if talk.state is ConversationState.AGREED or (talk.state is ConversationState.RULED and talk.change):
            await self._carry_out(proposal, shift, premise)
        self._talk = None

    async def _out(self, talk: Conversation) -> Conversation:
        """The talk when the time for an answer that did not come is over."""
        await asyncio.sleep(max(0.0, talk.due - now()))
        return talk.tick(max(now(), talk.due))

    async def _carry_out(self, proposal: AdaptationProposal, shift: Shift, premise: dict[str, float]) -> None:
        await self._ask(Role.CONTROL, Settled(proposal.id, shift, proposal.issue))
        self._force = proposal.id, shift, premise
        self._self = self._self.shifted(shift.weights)
        self._carried += 1

    def _watch_premise(self) -> None:
        """A shift whose premise has failed is taken back at once; one whose time is over lapses by itself."""
        if self._force is None:
            return
        id, shift, premise = self._force
        over = now() >= shift.until
        failed = [unit for unit, least in premise.items() if self._streams[unit].expected() < least]
        if not over and not failed:
            return
        self._force = None
        self._self = self._self.shifted(self._declared.weights)
        if not over:
            self._reversed += 1
            why = f"fewer than {premise[failed[0]]:.1f} tasks a tick are expected for {failed[0]}"
            self.task(self._ask(Role.CONTROL, Settled(id, None, why)))

    async def _ask(self, role: Role, body: object) -> object:
        try:
            return await self.ask(Channel.METASYSTEM, role, body, patience=PATIENCE)
        except (CallError, Refusal) as error:
            return error

    # What it shows.

    def _report(self) -> None:
        """The balance of the period, where anything was said in it: silence is none of system 5's business."""
        if self._raised:
            period = PERIOD * (self.period or 1.0)
            spoken = Spoken(dict(self._raised), tuple(self._answers)), Spoken(dict(self._countered))
            balance = Balance(
                spoken[1], spoken[0], 0.0, 0.0, self._carried, period / 3600.0, self._carried, self._reversed
            )
            self.tell(Channel.METASYSTEM, Role.POLICY, BalanceReport(balance, period))
        self._raised.clear()
        self._countered.clear()
        self._answers.clear()
        self._carried = self._reversed = 0

    def model(self) -> tuple[str, ...]:
        """The units of the level as it knows them."""
        return self._self.units

    def outlook(self) -> dict[str, Outlook]:
        """What it expects to come to each unit, and how good its word has been."""
        return {
            unit: Outlook(stream.expected(), stream.mase, stream.calibration, stream.muted)
            for unit, stream in self._streams.items()
            if stream.data
        }

    def kinds(self) -> dict[str, int]:
        """How many tasks of each kind have come."""
        return dict(self._kinds)
