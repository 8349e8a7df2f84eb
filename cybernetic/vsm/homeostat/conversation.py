"""How systems 3 and 4 talk: a proposal, whether it is feasible, counters, and an end in any case.

PROPOSED --answer--> AGREED | COUNTERED --answer--> ... --too many rounds--> DEADLOCK
    | deadline                                                                  | deadline
    v                                                                           v
DEADLOCK <--------------------------------------------------------------- resolved | ESCALATED
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import inf

from cybernetic.core import OptionError, flag, number, whole
from cybernetic.vsm.checks import instance, later, word
from cybernetic.vsm.decisions.question import Reception


class Side(Enum):
    """Who speaks: system 3, inside and now, or system 4, outside and then."""

    CONTROL = "S3"
    INTELLIGENCE = "S4"

    @property
    def other(self) -> "Side":
        """The one spoken to."""
        return Side.INTELLIGENCE if self is Side.CONTROL else Side.CONTROL


class ConversationState(Enum):
    """Where a conversation stands. `ESCALATED` and `AGREED`, `REJECTED` and `RULED` are its ends."""

    PROPOSED = "proposed"
    COUNTERED = "countered"
    AGREED = "agreed"
    REJECTED = "rejected"  # withdrawn by who proposed it
    DEADLOCK = "deadlock"
    RULED = "ruled"  # system 5 decided
    ESCALATED = "escalated"  # system 5 did not, in time

    @property
    def ended(self) -> bool:
        """Whether nothing more can come of it."""
        return self not in (
            ConversationState.PROPOSED,
            ConversationState.COUNTERED,
            ConversationState.DEADLOCK,
        )


@dataclass(frozen=True, slots=True)
class AdaptationProposal:
    """What system 4 proposes: a `change`, its `cost` now (>= 0), the `benefit` expected (in the same unit)
    and its `spread` (>= 0), over `horizon` seconds (> 0); whether it is `reversible`, and the `evidence`
    for it.

    Raises `OptionError`.
    """

    id: str
    issue: str
    change: str
    cost: float
    benefit: float
    horizon: float
    spread: float = 0.0
    reversible: bool = True
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        word("id", self.id)
        word("issue", self.issue)
        word("change", self.change)
        number("cost", self.cost, least=0)
        number("benefit", self.benefit)
        number("spread", self.spread, least=0)
        number("horizon", self.horizon, above=0)
        flag("reversible", self.reversible)
        instance("evidence", self.evidence, tuple)


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What the other side says to what lies on the table: `agreed`, or a `counter` (a change it could live
    with).

    `cost` (>= 0) and `capacity_hit` (>= 0, part of the capacity lost meanwhile) are its own estimates.
    Raises `OptionError`, also when it agrees and counters.
    """

    agreed: bool
    counter: str | None = None
    cost: float = 0.0
    capacity_hit: float = 0.0

    def __post_init__(self) -> None:
        flag("agreed", self.agreed)
        if self.counter is not None:
            instance("counter", self.counter, str)
        number("cost", self.cost, least=0)
        number("capacity_hit", self.capacity_hit, least=0)
        if self.agreed and self.counter is not None:
            raise OptionError("counter", "None together with an agreement", self.counter)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation about one proposal. Values in, values out; `open_conversation` begins it.

    `turn` is who is to answer, `rounds` how many counters there were, of `most`; each answer is due within
    `patience` seconds, and system 5's ruling on a deadlock within `ruling` seconds: so every talk ends, by
    `bound` seconds. `change` is what lies on the table now. Raises `OptionError`.
    """

    proposal: AdaptationProposal
    change: str
    state: ConversationState
    turn: Side
    since: float
    due: float
    patience: float
    ruling: float
    most: int
    rounds: int = 0
    answers: tuple[tuple[Side, float], ...] = ()

    def __post_init__(self) -> None:
        instance("proposal", self.proposal, AdaptationProposal)
        instance("change", self.change, str)
        instance("state", self.state, ConversationState)
        instance("turn", self.turn, Side)
        for name in ("since", "due", "patience", "ruling"):
            number(name, getattr(self, name))
        for name in ("most", "rounds"):
            whole(name, getattr(self, name))
        instance("answers", self.answers, tuple)

    @property
    def waiting(self) -> bool:
        """Whether one side still owes an answer."""
        return self.state in (ConversationState.PROPOSED, ConversationState.COUNTERED)

    @property
    def bound(self) -> float:
        """The longest time from the proposal to an end, in seconds."""
        return (self.most + 1) * float(self.patience) + self.ruling

    def answer(self, side: Side, said: Feasibility, now: float) -> tuple["Conversation", Reception]:
        """The talk after `side` answered at `now`, and what became of the answer.

        A no makes a deadlock, as does one counter too many. An answer out of turn is `DOUBLE` from who spoke
        last and `UNAUTHORISED` from who proposed; one after the deadline, or after the end, is `LATE`: none
        of these changes anything. Raises `OptionError` when `now` is before the last change, and for a `side` or
        something `said` that is none.
        """
        instance("side", side, Side)
        instance("said", said, Feasibility)
        talk = self.tick(now)
        if not talk.waiting:
            return talk, Reception.LATE
        if side is not talk.turn:
            return talk, Reception.DOUBLE if talk.answers else Reception.UNAUTHORISED
        talk = replace(talk, answers=(*talk.answers, (side, now - talk.since)), since=now)
        if said.agreed:
            return replace(talk, state=ConversationState.AGREED), Reception.TAKEN
        if said.counter is None or talk.rounds >= talk.most:
            return talk._deadlocked(now), Reception.TAKEN
        countered = replace(
            talk,
            change=said.counter,
            state=ConversationState.COUNTERED,
            turn=side.other,
            rounds=talk.rounds + 1,
            due=now + talk.patience,
        )
        return countered, Reception.TAKEN

    def withdraw(self, now: float) -> "Conversation":
        """The talk after system 4 took its proposal back, at `now`; nothing if it has ended. Raises
        `OptionError`.
        """
        talk = self.tick(now)
        return talk if talk.state.ended else replace(talk, state=ConversationState.REJECTED, since=now)

    def rule(self, change: str | None, now: float) -> "Conversation":
        """The talk after system 5 ruled on a deadlock: do `change`, or nothing (None).

        Raises `OptionError` when there is no deadlock, or the ruling comes too late.
        """
        if change is not None:
            instance("change", change, str)
        talk = self.tick(now)
        if talk.state is not ConversationState.DEADLOCK:
            raise OptionError("state", "a talk in deadlock", talk.state)
        return replace(talk, state=ConversationState.RULED, change=change or "", since=now)

    def tick(self, now: float) -> "Conversation":
        """The talk at `now` (seconds, not before its last change): silence ends in deadlock, then in
        escalation.
        """
        later("now", now, self.since)
        talk = self
        if talk.waiting and now >= talk.due:
            talk = talk._deadlocked(talk.due)
        if talk.state is ConversationState.DEADLOCK and now >= talk.due:
            talk = replace(talk, state=ConversationState.ESCALATED, since=talk.due)
        return talk

    def _deadlocked(self, at: float) -> "Conversation":
        return replace(self, state=ConversationState.DEADLOCK, since=at, due=at + self.ruling)


def open_conversation(
    proposal: AdaptationProposal, now: float, *, patience: float, ruling: float, rounds: int = 3
) -> Conversation:
    """A talk that begins at `now` (seconds): system 3 has `patience` seconds (> 0) to answer, as has each
    side then.

    At most `rounds` counters (>= 0); system 5 rules on a deadlock within `ruling` seconds (> 0), or it goes
    further up. Raises `OptionError`, also where no number says when it has ended.
    """
    patience, ruling = number("patience", patience, above=0), number("ruling", ruling, above=0)
    whole("rounds", rounds)
    now = number("now", now)
    talk = Conversation(
        instance("proposal", proposal, AdaptationProposal),
        proposal.change,
        ConversationState.PROPOSED,
        Side.CONTROL,
        now,
        now + patience,
        patience,
        ruling,
        rounds,
    )
    if now + talk.bound == inf:
        parts = {"patience": talk.bound - ruling, "ruling": ruling, "now": now}
        name = max(parts, key=lambda part: parts[part])
        value = {**parts, "patience": patience}[name]
        raise OptionError(name, "seconds with which the talk ends by a time that is finite", value)
    return talk
