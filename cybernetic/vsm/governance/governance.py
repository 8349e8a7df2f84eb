"""The agent of system 5."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, CannotTravel, Refusal
from cybernetic.runtime import Deferred, Named
from cybernetic.vsm.algedonic.messages import Felt, Glad, Relief
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears, level_of
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note, Why
from cybernetic.vsm.decisions.policy import Policy, Tier
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.decisions.redeclared import after, said
from cybernetic.vsm.decisions.rulebook import PolicyChange, Rulebook
from cybernetic.vsm.decisions.verdicts import Verdict
from cybernetic.vsm.governance.asking import Asking
from cybernetic.vsm.governance.declaring import Kept, begun, revised, up_to_date
from cybernetic.vsm.governance.identity import Identity
from cybernetic.vsm.governance.listing import as_it_travels, listed_below
from cybernetic.vsm.governance.messages import Acting, PolicyKnown, PolicyUpdate, Referral, Release
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.governance.refusals import PolicyRefused, tried
from cybernetic.vsm.governance.rules import RULES, rules_of
from cybernetic.vsm.governance.watch import HURTS, Seen, Watch
from cybernetic.vsm.homeostat.balance import Balance, Bands
from cybernetic.vsm.intelligence.messages import BalanceReport, Begun, Deadlock, Ruling
from cybernetic.vsm.ladder.clocks import Paging
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity
from cybernetic.vsm.lives import UNTOLD, Edition, outbid
from cybernetic.vsm.recursion.handing import reached_as_bytes
from cybernetic.vsm.recursion.reach import downward, reached
from cybernetic.vsm.timing import now
from cybernetic.wire import Codec

_CODEC = Codec()
LISTENING = 1.0  # seconds in which a system 3 answers through which somebody can be heard


class Governance(Member):
    """System 5 of a level: keeps identity and policies, distributes them, and puts questions to who is to decide.

    Args:
        path: of the level.
        inherited: policies of the levels above.
        own: policies that the level declares.
        purpose: what the level is for.
        boundary: paths of its units.
        human: who is paged when a question is put, tried in order.
        paging: how often.
    """

    role = Role.POLICY
    period = 1.0

    def __init__(
        self,
        path: str,
        inherited: Sequence[Policy],
        own: Sequence[Policy],
        purpose: str = "",
        boundary: Sequence[str] = (),
        human: Sequence[Any] = (),
        paging: Paging | None = None,
    ) -> None:
        super().__init__(path)
        self._inherited, self._above = tuple(inherited), UNTOLD
        self._own = tuple(own)
        self._purpose, self._boundary = purpose, tuple(boundary)
        self._book = Rulebook()
        self._life = self._revision = 0
        self._held: tuple[tuple[int, tuple[Policy, ...]], ...] = ()
        self._known: dict[str, Edition] = dict.fromkeys(boundary, UNTOLD)
        self._met: set[str] = set()  # who has acted under policies of this life
        self._distributing = 0  # how often policies are on their way to the units
        self._asking = Asking(self, human, paging or Paging())
        self._watch = Watch.of(path)
        self._aching = HURTS  # be it that a predecessor felt it
        self._books: Named[Books] = self.system.named(f"{self.path}:books", Books)

    async def setup(self) -> None:
        """Go on from the books, with what is declared now where that differs from what was declared before."""
        known: Kept | None = await self._books.call(Books.load, "policy")
        news: tuple[Entry, ...] = ()
        if known is None:
            known = begun(await rules_of(self.system, level_of(self.path)), self._inherited, self._own)
        else:
            known, news = await up_to_date(self.system, self.path, known, self._inherited, self._own)
        self._book, self._inherited, self._above, self._life, self._revision, self._held = known
        await self._asking.begin()
        self._watch = Watch.of(self.path, await self._books.call(Books.load, "watch"))
        await self._changed(self._book, self._inherited, self._above, *news)
        super().setup()

    # Identity and policies.

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Those in force, the inherited ones first."""
        return (*self._inherited, *self._book.policies)

    def rules(self) -> PolicyUpdate:
        """The policies in force, and since which revision."""
        return PolicyUpdate(self._revision, self.policies, self._life, self._above)

    def identity(self) -> Identity:
        """What the level is: its purpose, its boundary, and the invariants it holds."""
        held = tuple(one.name for one in self.policies if one.tier is Tier.INVARIANT)
        return Identity(self.path, self._purpose, self._boundary, held)

    async def set_policy(self, policy: Policy, why: str = "") -> int:
        """Put a policy in force; the revision since which it is.

        Raises `PolicyRefused` for a version that is not new, where it would give up an invariant, and for one that
        could not reach all units at and below the level: nothing has changed then.
        """
        self._kept(policy.name, policy)
        return await self._amended(tried(self._book.adopt, policy, self._moment(), said(why)))

    async def retire(self, name: str, why: str = "") -> int:
        """Take a policy of this level out of force; the revision since which it is.

        Raises `PolicyRefused` for one that is not in force here, and for an invariant.
        """
        self._kept(name, None)
        return await self._amended(tried(self._book.retire, name, self._moment(), said(why)))

    async def rollback(self, name: str, version: int, why: str = "") -> int:
        """Put an old wording in force again, under a new version; the revision since which it is.

        Raises `PolicyRefused` for a version there was not, and where it would give up an invariant.
        """
        book = tried(self._book.rollback, name, version, self._moment(), said(why))
        self._kept(name, book.amendments[-1].policy)
        return await self._amended(book)

    def diff(self, before: int, after: int) -> tuple[PolicyChange, ...]:
        """What differs between two revisions, by name. Raises `PolicyRefused` for one that is not remembered."""
        old, new = ({one.name: one for one in self._at(revision)} for revision in (before, after))
        return tuple(
            PolicyChange(name, old.get(name), new.get(name))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        )

    def _moment(self) -> float:
        return after(self._book, now())

    def _at(self, revision: int) -> tuple[Policy, ...]:
        held = dict(self._held)
        if revision not in held:
            raise PolicyRefused(f"revision: expected one of {sorted(held)}, got: {revision!r}")
        return held[revision]

    def _kept(self, name: str, policy: Policy | None) -> None:
        if self.identity().given_up(name, policy):
            raise PolicyRefused(f"{name}: expected to stay an invariant, got: {policy and policy.tier.name}")

    async def _amended(self, book: Rulebook) -> int:
        change = book.amendments[-1]
        self._reaches((*self._inherited, *book.policies))
        body = {
            "name": change.name,
            "version": change.policy and change.policy.version,
            "restores": change.restores,
            "why": change.why,
            "revision": self._revision + 1,
        }
        await self._changed(book, self._inherited, self._above, self.entry("policy", body))
        return self._revision

    def _reaches(self, policies: Sequence[Policy]) -> None:
        far = reached_as_bytes(self.system, self.path)
        for policy in policies if far else ():
            try:
                _CODEC.encode(policy)
            except CannotTravel as error:
                raise PolicyRefused(
                    f"{policy.name}: expected one that reaches {', '.join(far)} as well, got: {error}"
                ) from error

    async def inherit(self, update: PolicyUpdate) -> PolicyKnown:
        """The policies of the level above, which hold here as well."""
        if update.edition > self._above:
            body = {"above": update.revision, "revision": self._revision + 1}
            await self._changed(self._book, update.policies, update.edition, self.entry("inherited", body))
        life, revision = self._above
        return PolicyKnown(self.path, revision, life)

    def acting(self) -> Edition:
        """Which policies of the level above hold here."""
        return self._above

    # How they reach everybody.

    async def _changed(
        self, book: Rulebook, inherited: tuple[Policy, ...], above: Edition, *entries: Entry
    ) -> None:
        """What holds from now on: in the books first, and only if those take it. Raises `BooksRefused`."""
        kept = revised((book, inherited, above, self._life, self._revision, self._held))
        await self._books.call(Books.save, "policy", kept, None, entries)
        self._book, self._inherited, self._above, _, self._revision, self._held = kept
        await self._books.call(Books.save, RULES, self.rules())
        self.task(self._distribute())

    async def _distribute(self) -> None:
        self._distributing += 1
        try:
            known = await self.ask(Channel.METASYSTEM, Role.CONTROL, self.rules())
        except (CallError, Refusal):
            return  # the next round tries again
        finally:
            self._distributing -= 1
        self._known.update(known)
        own = self.rules().edition
        later = {unit: one for unit, one in known.items() if one > own and unit not in self._met}
        self._met |= {unit for unit, one in known.items() if one[0] == self._life} - later.keys()
        if later:  # they remember a system 5 that left no books, by a clock that was ahead
            self._life = outbid(self._life, max(life for life, _ in later.values()))
            await self._changed(self._book, self._inherited, self._above)

    @hears(Acting)
    def _acts(self, acting: Acting, note: Note) -> None:
        """Under which policies a part acts: one that has only begun is told at once, any other in the next round."""
        self._known[acting.path] = acting.edition
        if acting.edition == UNTOLD:
            self.task(self._distribute())

    def known(self) -> dict[str, int]:
        """Under which revision each unit acts, as it says itself; 0: under what was declared, or what a system 5 of
        another life has said.
        """
        return {unit: revision if life == self._life else 0 for unit, (life, revision) in self._known.items()}

    # What systems 3 and 4 leave over.

    @hears(Deadlock)
    async def _deadlocked(self, deadlock: Deadlock, note: Note) -> Ruling:
        """The declared rule: what can be taken back and is worth more than is uncertain about it is tried."""
        one = deadlock.proposal
        do = one.reversible and one.benefit - one.spread > one.cost
        why = f"worth {one.benefit:.3g} give or take {one.spread:.3g}, for {one.cost:.3g}"
        await self._jot("ruling", {"proposal": one.id, "issue": one.issue, "do": do, "why": why}, note)
        return Ruling(do, why)

    @hears(BalanceReport)
    async def _balanced(self, report: BalanceReport, note: Note) -> None:
        """What is wrong with the balance is pain, and if it stays so another way is tried; else system 5 is quiet."""
        self._watch, seen = self._watch.after(report.balance, report.period, self.system.chance)
        found = [
            self.entry("balance", {"pathology": pathology.name, "why": list(why)}, note)
            for pathology, why in seen.findings.items()
        ]
        await self._books.call(Books.save, "watch", self._watch.kept, None, (*found, *self._step(seen, note)))
        self._feel(seen.hurts, note)
        if seen.step is not None:
            for role in (Role.CONTROL, Role.INTELLIGENCE):
                self.tell(Channel.METASYSTEM, role, self._watch.temper, cause=note)

    def _step(self, seen: Seen, note: Note) -> tuple[Entry, ...]:
        if seen.step is None:
            return ()
        body = {"variable": seen.step.variable, "before": seen.step.before, "after": seen.step.after}
        return (self.entry("step", body, note),)

    def _feel(self, hurts: Mapping[str, Severity], note: Note) -> None:
        """What hurts of the balance, by index; what did, and does not any more, is over."""
        for index, severity in hurts.items():
            pain = Pain(self.path, index, Cause.INVARIANT, severity, 1.0, now())
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain), cause=note)
        for index in self._aching - hurts.keys():
            over = Relief(PainKey(self.path, index, Cause.INVARIANT.value))
            self.tell(Channel.ALGEDONIC, Role.ALGEDONODE, over, cause=note)
        self._aching = frozenset(hurts)

    @hears(Begun)
    def _begun(self, begun: Begun, note: Note) -> None:
        """System 3 or 4 has only begun: the one does not know which policies it should hear of units."""
        self.tell(Channel.METASYSTEM, note.sender, self._watch.temper, cause=note)
        if note.sender is Role.CONTROL:
            self.task(self._distribute())
        else:
            self.tell(Channel.METASYSTEM, Role.INTELLIGENCE, self._watch.bands, cause=note)

    def balance(self) -> tuple[Balance | None, Bands]:
        """The balance of systems 3 and 4 in the last period in which they talked, and what it should be within."""
        return self._watch.balance, self._watch.bands

    async def set_bands(self, bands: Bands, why: str = "") -> None:
        """Say within what the balance should be; system 4 proposes no more than its churn lets it."""
        self._watch = replace(self._watch, bands=bands)
        entry = self.entry("bands", {"bands": bands, "why": why})
        await self._books.call(Books.save, "watch", self._watch.kept, None, (entry,))
        self.tell(Channel.METASYSTEM, Role.INTELLIGENCE, bands)

    # Questions.

    @hears(Glad)
    async def _glad(self, glad: Glad, note: Note) -> None:
        """Something goes better than it has to: whoever decides what is planned finds it in the log, and the unit may
        have what is kept back.
        """
        path, index = glad.key.path, glad.key.index
        await self._jot("pleasure", {"path": path, "index": index})
        for unit in self._boundary:
            if path == unit or path.startswith(f"{unit}/"):
                self.tell(Channel.METASYSTEM, Role.CONTROL, Release(unit, f"{index} of {path}"), cause=note)

    @hears(Referral)
    async def _referred(self, referral: Referral, note: Note) -> Deferred[Verdict]:
        answer: Deferred[Verdict] = self.defer()
        await self._asking.refer(referral, answer, note)
        return answer

    def listed(self, seconds: float, across: bool = False) -> Deferred[dict[str, Asked]]:
        """What waits for somebody's word here, and in the levels within that answer in so many `seconds`, by its id.
        `across`: for another system.
        """
        answer: Deferred[dict[str, Asked]] = self.defer()
        self.task(self._listed(seconds, across, answer))
        return answer

    async def _listed(self, seconds: float, across: bool, answer: Deferred[dict[str, Asked]]) -> None:
        below = await listed_below(self.system, self._boundary, Governance, seconds, across)
        own = {id: as_it_travels(one) if across else one for id, one in self._asking.open.items()}
        answer.reply(own | below)

    async def decide(self, id: str, verdict: Verdict, by: str) -> Reception | Deferred[Reception]:
        """`by` answers a question, of this level or on its way to one below; what became of it. A late, double or
        unauthorised answer changes nothing.

        All of them are in the log. Raises `NoSuchQuestion`, and `PolicyRefused` for what is no Allow or Deny.
        """
        below = downward(self.path, id.partition("?")[0])
        if not below:
            return await self._asking.decide(id, verdict, by)
        answer: Deferred[Reception] = self.defer()
        there = reached(self.system, below, Role.POLICY, Governance)
        self.task(self._passed(there.request(Governance.decide, id, verdict, by), answer))
        return answer

    async def _passed(self, word: Awaitable[Any], answer: Deferred[Reception]) -> None:
        try:
            answer.reply(await word)
        except (CallError, Refusal) as error:
            answer.fail(error)

    async def called(self, asked: Asked) -> None:
        """Who a question is put to was told of it."""
        await self._asking.called(asked)

    # Its round.

    async def cycle(self) -> None:
        """Let time run out for questions, and tell units that act under an old revision."""
        await self._asking.look()
        if self._asking.open:
            self.task(self._listen())
        if not self._distributing and any(revision < self._revision for revision in self.known().values()):
            self.task(self._distribute())

    async def _listen(self) -> None:
        """Who waits is heard by way of system 3: while that is away, or hangs, their silence says nothing. It is told
        what it knows, so as to answer.
        """
        try:
            await self.ask(Channel.METASYSTEM, Role.CONTROL, self._watch.temper, patience=LISTENING)
        except (CallError, Refusal):
            self._asking.deaf()

    async def _jot(self, kind: str, body: object, note: Note | None = None) -> None:
        await self._books.call(Books.note, self.entry(kind, body, note))

    def entry(self, kind: str, body: object, note: Note | Why | None = None) -> Entry:
        """What is to stand in the log, and why: because of that `note`."""
        return Entry(kind=kind, path=self.path, body=body, at=now()).because(note)
