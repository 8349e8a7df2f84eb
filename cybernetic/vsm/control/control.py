"""The agent of system 3."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cybernetic.core import Shutdown
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Ack, Told
from cybernetic.vsm.bargain.contract import Accepted, Contract
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why, incident
from cybernetic.vsm.control.accounts import Accounts
from cybernetic.vsm.control.bargaining import Bargaining
from cybernetic.vsm.control.denied import denied
from cybernetic.vsm.control.interventions import Interventions
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.overruns import Overruns
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.control.redoing import Redoing
from cybernetic.vsm.control.requirements import Requirements
from cybernetic.vsm.control.reweighing import MOST, considered, spent_on_change
from cybernetic.vsm.control.rungs import WORTH, outside
from cybernetic.vsm.control.starving import Starving
from cybernetic.vsm.control.talks import Talks
from cybernetic.vsm.coordination.messages import OscillationNotice
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.governance.messages import PolicyUpdate, Referral, Release
from cybernetic.vsm.inspection.messages import Audited, Discrepancy, Lifted, Quarantine
from cybernetic.vsm.intelligence.messages import (
    Begun,
    Considered,
    Proposed,
    Reckon,
    Settled,
    Shift,
    Spent,
    Temper,
)
from cybernetic.vsm.ladder.signals import Cause
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.operations.messages import (
    Accountability,
    Command,
    Intervention,
    Obeyed,
    Offer,
    Resumption,
    Taken,
    Unaccounted,
)
from cybernetic.vsm.ports.notices import Denials
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.refusals import HeldAbove
from cybernetic.vsm.timing import now

PERIODS = 3.0  # of a swing for which shares stay as they are
LONGEST = 600.0  # seconds of that
SEAT = "seat"
FENCED = ("shift", "interventions", "commands", "redo")  # what only the one in the seat writes


class Control(Member):
    """System 3 of a level.

    Args:
        charter: of the level.
        charges: its units.
    """

    role = Role.CONTROL
    period: float = 1.0

    def __init__(self, charter: Charter, charges: Sequence[Charge]) -> None:
        super().__init__(charter.path)
        self._charter = charter
        self._charges = {charge.path: charge for charge in charges}
        self.books: Named[Books] = self.system.named(f"{self.path}:books", Books)
        self._accounts = Accounts(self, self._charges, now())
        kept = charter.lineage[-1].reserve if charter.lineage else 0.0
        patience, recovery = Patience(self), charter.clocks[0].recovery
        parts = self, charter, self._charges, self._accounts, self._weights
        self._bargaining = Bargaining(*parts, patience, kept)
        self._interventions = Interventions(self, self._charges, recovery, patience)
        audited = charter.audit is not None
        self._requirements = Requirements(self, tuple(self._charges), self._interventions, audited)
        self._redoing = Redoing(self)
        self._overruns = Overruns(self, self._interventions, self._bargaining)
        self._starving = Starving(self, self._charges, charter.clocks[0].recovery, now())
        self._talks = Talks(self, self._bargaining, self._interventions, self._charges, patience)
        self._shift: Shift | None = None  # of weights, agreed with system 4
        self._far = MOST
        self._spent, self._replaced = Spent(), False
        self._term = 0  # as which one of those that replaced each other it writes

    async def setup(self) -> None:
        """Go on from the books, in the seat of whoever was there before."""
        self._term = (await self.books.call(Books.load, SEAT) or 0) + 1
        await self.keep(SEAT, self._term)
        for key in FENCED:
            await self.keep(key, await self.books.call(Books.load, key))
        known = await self.books.call(Books.load, "control")
        self._bargaining.begin(known, await self._bargaining.witnesses.ask(known=known is not None))
        self._shift = await self.books.call(Books.load, "shift")
        await self._interventions.begin()
        await self._starving.begin()
        await self._bargaining.write()
        await self._redoing.begin()
        self._overruns.begin(self._charter)
        self.tell(Channel.METASYSTEM, Role.POLICY, Begun())
        super().setup()
        self.ref.cast(Control.turn)

    async def cycle(self) -> None:
        """Hold to account, intervene where it must, and see that what the epoch holds is lent."""
        if await self.books.call(Books.load, SEAT) != self._term:
            self.replaced()
            return
        at = now()
        self._accounts.watch(at, self.period)
        for path in self._charges:
            self._weigh(path)
        await self._starving.turn(self._accounts.fallen(), at)
        await self._interventions.turn(at, self._silent(at))
        self._redoing.turn()
        await self._bargaining.turn()
        self._talks.turn()
        self._reckon()

    def _reckon(self) -> None:
        """Tell what goes into change from what goes into the run of the day, by the weights that hold now."""
        taken = self._accounts.spending()
        change = spent_on_change(taken, self._declared(), self._agreed())
        change, run = self._spent.change + change, self._spent.run + sum(taken.values()) - change
        self._spent = Spent(change, run, self._accounts.sources.get("spent", ""))

    @hears(Reckon)
    def _reckoned(self, reckon: Reckon, note: Note) -> Spent:
        self._reckon()
        return self._spent

    async def renew(self) -> None:
        """An epoch has ended: units wait for the next contract."""
        await self._bargaining.turn()
        self._talks.turn()

    def _silent(self, at: float) -> set[str]:
        return self._accounts.silent(at, self.period)

    def _weigh(self, path: str) -> None:
        """Whether what a unit spends is worth what it was."""
        if path in self._accounts.fallen():
            self._interventions.breached(path, WORTH, "its spending is worth half of what it was, or less")
        else:
            self._interventions.mended(path, WORTH)

    # The bargain, downwards.

    @hears(Accountability)
    async def _accounted(self, account: Accountability, note: Note) -> None:
        self._bargaining.renewed(account.path, account.purse)
        lease = self._bargaining.lease(account.path)
        self._accounts.take(account, self._bargaining.epoch, lease, now())
        if account.path in self._charges:
            self._interventions.seen(account.path, account.aches)
        await self._interventions.commands.heard(account.path, account.commanded)
        self._requirements.heard(account.path, account.acting)
        await self._overruns.take(account, lease)
        await self._starving.take(account, now())
        last = await self._bargaining.reported(account.reports)
        if last is not None:
            self.tell(Channel.BARGAIN, Role.MANAGEMENT, Taken(last), account.path)

    @hears(Unaccounted)
    async def _unaccounted(self, said: Unaccounted, note: Note) -> None:
        """A level within has no account, and its own pain for that: here it is an exception that is written down."""
        if self._accounts.excuse(note.path_from, now()):
            await self.jot("unaccounted", {"unit": note.path_from, "why": said.why}, note)

    @hears(Audited)
    async def _audited(self, audited: Audited, note: Note) -> None:
        """What audits took in epochs that are over, and more than they should have in this one."""
        await self._overruns.take_audits(audited)
        last = await self._bargaining.reported(audited.reports)
        if last is not None:
            self.tell(Channel.AUDIT, Role.AUDIT, Taken(last))

    def _weights(self) -> dict[str, float]:
        """Those agreed with system 4 or ruled by system 5, as long as they hold; else as declared; less when bent."""
        return self._interventions.bent(self._agreed(), self._declared())

    def _agreed(self) -> Mapping[str, float]:
        shift = self._shift
        return shift.weights if shift and shift.holds(self._charges, now()) else self._declared()

    def _declared(self) -> dict[str, float]:
        return {path: charge.weight for path, charge in self._charges.items()}

    async def reweigh(self, shift: Shift | None, why: str = "", note: Note | None = None) -> None:
        """Share out by other weights until then; None: by those that were declared."""
        self._shift = shift
        weights = None if shift is None else dict(shift.weights)
        body = {"weights": weights, "until": shift and shift.until, "why": why}
        await self.keep("shift", shift, None, self.entry("shift", body, note))
        await self._bargaining.share_out()

    @hears(Proposed)
    def _proposed(self, proposed: Proposed, note: Note) -> Considered:
        counted = self._bargaining.allocator is not None
        watched = self._interventions.watched
        declared, present = self._declared(), self._agreed()
        return considered(proposed.shift, declared, present, watched, counted, now(), self._far)

    @hears(Temper)
    def _tempered(self, temper: Temper, note: Note) -> None:
        self._far = temper.far

    @hears(Settled)
    async def _settled(self, settled: Settled, note: Note) -> None:
        await self.reweigh(settled.shift, f"{settled.id}: {settled.why}", note)

    # The bargain, upwards.

    async def granted(self, contract: Contract) -> Accepted:
        """A contract from the level above. Raises `StaleContract`."""
        return await self._bargaining.granted(contract)

    async def taken(self, epoch: int) -> None:
        """The level above has written down the level's reports up to an epoch."""
        await self._bargaining.taken(epoch)

    def wish(self, offer: Offer, patience: float) -> Deferred[Vector]:
        """What the level asks for when the level above offers it so much: `patience` seconds for what its units say."""
        answer: Deferred[Vector] = self.defer()
        self.task(self._talks.wish(offer, patience, answer))
        return answer

    def account(self) -> Accountability:
        """What the level owes the level above, of the time since this was asked last."""
        bargaining = self._bargaining
        own = self._accounts.own(self.path, bargaining.epoch, bargaining.reports(), bargaining.purse)
        return replace(own, commanded=self._interventions.above.edition)

    # What it commands.

    async def intervene(self, path: str | None, one: Intervention | Resumption) -> None:
        """Intervene in a unit (None: in all), or end that before its time: it is in the log, and ends by itself.

        By hand: an incident of its own. Raises `HeldAbove` where the level above goes on holding what is let go.
        """
        units = self._charges if path is None else (path,)
        await self._interventions.intervene(one, *units, note=incident())
        if isinstance(one, Resumption) and self._interventions.held_above:
            raise HeldAbove(self.path, path or self.path)

    async def obey(self, command: Command, note: Why | None = None) -> Obeyed:
        """What the level above commands this level as a whole, all of it; one that is not later changes nothing."""
        return await self._interventions.obey(command, note)

    async def quarantine(self, one: Quarantine, note: Why | None = None) -> None:
        """Take a port out of use in all units, or put it back; without a `note` by hand. Raises `HeldAbove` where that
        one is out above.
        """
        await self._interventions.quarantine(one, note or incident())
        if one.lifted and one.port in self._interventions.above.quarantined:
            raise HeldAbove(self.path, one.port)

    def tell_of(self, one: Quarantine, note: Why | None = None) -> None:
        """What came through a port that is out of use system 2 gives nobody else; see `tell_lifted`."""
        self.tell_lifted()
        if one.port in self._charter.ports and self._charter.ports[one.port].shared is not None:
            self.tell(Channel.COORDINATION, Role.COORDINATION, one, cause=note)

    def tell_lifted(self) -> None:
        """System 3* holds nothing any more against a port that is used again. All of it is told each time: who did not
        hear of one does so in the next round.
        """
        lifted = self._interventions.lifted()
        if lifted and self._charter.audit is not None:
            self.tell(Channel.AUDIT, Role.AUDIT, Lifted(lifted))

    @hears(PolicyUpdate)
    def _policies(self, update: PolicyUpdate, note: Note) -> Deferred[dict[str, Edition]]:
        answer: Deferred[dict[str, Edition]] = self.defer()
        self.task(self._requirements.distributed(update, answer))
        return answer

    @hears(Referral)
    def _referred(self, referral: Referral, note: Note) -> Deferred[Any]:
        answer = self.defer()
        self.task(self._requirements.refer(referral, note, answer))
        return answer

    # What it is told.

    @hears(Denials)
    async def _denials(self, denials: Denials, note: Note) -> None:
        """What policies forbade a unit stands in the log of decisions."""
        for entry in denied(denials, self.path, note, now()):
            await self.books.call(Books.note, entry)

    @hears(OscillationNotice)
    async def _swings(self, found: OscillationNotice, note: Note) -> None:
        """System 2 finds that what is lent swings: the plan that is in balance holds until the swing has died."""
        until = now() + min(PERIODS * found.period, LONGEST)
        self._bargaining.calm(until)
        await self.jot("calmed", {"signal": found.signal, "period": found.period, "until": until}, note)
        await self._bargaining.turn()

    @hears(Release)
    async def _released(self, release: Release, note: Note) -> None:
        """System 5 lets a unit have what is kept back."""
        if self._bargaining.release(release.unit):
            await self.jot("released", {"unit": release.unit, "why": release.why}, note)
            await self._bargaining.turn()

    @hears(Discrepancy)
    async def _discrepant(self, found: Discrepancy, note: Note) -> None:
        """A unit's successes are none: what it did them with is taken out of use, until somebody says otherwise.

        Then what may be false is done again with what is left.
        """
        await self.jot("finding", {"unit": found.path, "gap": found.gap, "ports": list(found.ports)}, note)
        for port in found.ports:
            reason = f"audits of {found.path} found {found.gap:.0%} of its successes false"
            await self.quarantine(Quarantine(port, reason), note.why)
        await self._redoing.want(found.path, found.tasks, self._interventions.quarantined, note.why)

    @hears(Told)
    def _told(self, told: Told, note: Note) -> None:
        """A pain has come up to the level: it takes it over, and intervenes where it knows how."""
        pain = told.pain
        ack = Ack(pain.key, told.level, f"{self.path}:control")
        self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, ack, cause=note)
        if pain.path in self._charges and pain.cause is Cause.LIMITS:
            self._interventions.breached(pain.path, pain.index, outside(pain.index), note.why)
            at = now()
            self.task(self._interventions.turn(at, self._silent(at)))

    # Its books.

    def ledger(self) -> Any:
        """The allocator as it stands; None where no budget is counted."""
        return self._bargaining.allocator

    def accounts(self) -> dict[str, Accountability]:
        """The last account of each unit."""
        return dict(self._accounts.latest)

    def interventions(self) -> dict[str, Intervention]:
        """Those in force, by unit; of several in one the gravest."""
        held = {path: self._interventions.holds(path) for path in self._charges}
        return {path: max(some, key=lambda one: (one.rung, one.until)) for path, some in held.items() if some}

    def commanded(self) -> dict[str, tuple[int, int]]:
        """By unit the revision of what it was commanded last, and of what it says it goes by."""
        return self._interventions.commands.standing()

    def measured(self) -> Mapping[str, Mapping[str, tuple[float, str]]]:
        """Interventions in each unit for a thousand of its tasks, since this system 3 began, with what each is from."""
        return {"sparing": self._interventions.sparing(self._accounts.tasks(), self._accounts.counted)}

    def saved(self) -> Mapping[str, Saved]:
        """What each unit did not have to spend as others had made its calls, as far as this system 3 was told."""
        return self._accounts.saved()

    async def keep(self, key: str, value: object, term: int | None = None, *entries: Entry) -> None:
        """Into the books, and what it means for the log with it; `term`: of what bears one of its own. Raises
        `LeaseLost`, and ends, if it was replaced.
        """
        try:
            await self.books.call(Books.save, key, value, self._term if term is None else term, entries)
        except LeaseLost:
            self.replaced()
            raise

    def replaced(self) -> None:
        """There is a later system 3 of this level, as after a partition: this one ends, for it commands nobody any
        more, and is not started anew.
        """
        if not self._replaced:
            self._replaced = True
            self.books.cast(Books.note, Entry("replaced", self.path, {"term": self._term}, now()))
            self.stop(Shutdown("replaced by a later system 3"))

    async def jot(self, kind: str, body: object, note: Note | Why | None = None) -> None:
        """Into the log, because of a `note`."""
        await self.books.call(Books.note, self.entry(kind, body, note))

    def entry(self, kind: str, body: object, note: Note | Why | None = None) -> Entry:
        """What is to stand in the log."""
        return Entry(kind=kind, path=self.path, body=body, at=now()).because(note)
