"""Where disturbances are absorbed: each is tagged and closed exactly once, so that the axioms are sums."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from cybernetic.core import OptionError, number
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entries, instance, later, word
from cybernetic.vsm.growing import Growing, added

MOST_HARM = 1e300
"""The most harm that one disturbance can do: a hundred million of them still sum to a number."""


class Absorber(Enum):
    """Who absorbed a disturbance. What nobody did is the price of a balance that was not designed."""

    OPERATION = "absorbed in S1"
    COORDINATION = "by S2"
    CONTROL = "by S3 command"
    ADAPTATION = "via S4/S5 change"
    ALGEDONIC = "algedonic"
    UNABSORBED = "unabsorbed"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A tagged disturbance: its `kind`, the `harm` it does if nobody absorbs it (0 to `MOST_HARM`), when it came
    (seconds), which channels it left system 1 by, who absorbed it (None: it is open) and when it was closed.

    Raises `OptionError` for anything else.
    """

    kind: str
    harm: float
    since: float
    channels: tuple[str, ...] = ()
    absorber: Absorber | None = None
    closed: float | None = None

    def __post_init__(self) -> None:
        word("kind", self.kind)
        if number("harm", self.harm, least=0) > MOST_HARM:
            raise OptionError("harm", f"a number from 0 to {MOST_HARM:g}", self.harm)
        number("since", self.since)
        instance("channels", self.channels, tuple)
        if self.absorber is not None and not isinstance(self.absorber, Absorber):
            raise OptionError("absorber", "an Absorber or None", self.absorber)
        if (self.closed is None) != (self.absorber is None):
            raise OptionError("closed", "a time exactly where there is an absorber", self.closed)
        if self.closed is not None:
            number("closed", self.closed)


@dataclass(frozen=True, slots=True)
class VarietyLedger:
    """Disturbances by id. Values in, values out: each entry returns the next ledger.

    Conservation: at any time each id is open or in exactly one class, and the classes add up. Entries that
    come again change nothing, so a message delivered twice is counted once; an entry that contradicts one is
    refused. Raises `OptionError`.
    """

    entries: Mapping[str, Disturbance] = field(default_factory=Growing)

    def __post_init__(self) -> None:
        entries("entries", self.entries, Disturbance)

    def enter(self, id: str, kind: str, now: float, harm: float = 1.0) -> "VarietyLedger":
        """The ledger with a disturbance that came at `now` (seconds), doing `harm` (0 to 1e300) unless absorbed.

        One that is known already is of the time that was told first. Raises `OptionError`, also when `id` is known with
        another kind or another harm.
        """
        word("id", id)
        entry = Disturbance(kind, harm, number("now", now))
        known = self.entries.get(id)
        if known is None:
            return self._with(id, entry)
        if known.kind != kind:
            raise OptionError("kind", f"{known.kind!r}, as {id!r} was entered", kind)
        if known.harm != harm:
            raise OptionError("harm", f"{known.harm:g}, as {id!r} was entered", harm)
        return self

    def cross(self, id: str, channel: str) -> "VarietyLedger":
        """The ledger after the disturbance left system 1 by a vertical `channel`, each named once.

        Raises `OptionError` when it is not open.
        """
        entry = self._known(id)
        if word("channel", channel) in entry.channels:
            return self
        if entry.absorber is not None:
            raise OptionError("id", "a disturbance that is open", id)
        return self._with(id, replace(entry, channels=(*entry.channels, channel)))

    def close(self, id: str, absorber: Absorber, now: float) -> "VarietyLedger":
        """The ledger after `absorber` dealt with it at `now` (seconds, not before it came).

        Raises `OptionError` when it is not known, is closed in another class, or is said to be absorbed in
        system 1 after it left it.
        """
        entry = self._known(id)
        instance("absorber", absorber, Absorber)
        at = later("now", now, entry.since)
        if entry.absorber is absorber:
            return self
        if entry.absorber is not None:
            raise OptionError("absorber", f"{entry.absorber}, as {id!r} was closed", absorber)
        if absorber is Absorber.OPERATION and entry.channels:
            raise OptionError("absorber", f"one beyond system 1: {id!r} left by {entry.channels}", absorber)
        closed = replace(entry, absorber=absorber, closed=at)
        return self._with(id, closed)

    def expire(self, before: float) -> "VarietyLedger":
        """The ledger with everything that came before `before` (seconds) and is still open closed as
        unabsorbed.
        """
        number("before", before)
        stale = {
            id: replace(entry, absorber=Absorber.UNABSORBED, closed=before)
            for id, entry in self.entries.items()
            if entry.absorber is None and entry.since < before
        }
        return changed(self, entries=Growing({**self.entries, **stale})) if stale else self

    @property
    def balance(self) -> dict[Absorber | None, int]:
        """How many disturbances are in each class; under None, how many are open."""
        counts: dict[Absorber | None, int] = dict.fromkeys([*Absorber, None], 0)
        for entry in self.entries.values():
            counts[entry.absorber] += 1
        return counts

    @property
    def harm(self) -> float:
        """The harm of what nobody absorbed: the cost of undesigned balance (Beer's first principle)."""
        return sum(one.harm for one in self.entries.values() if one.absorber is Absorber.UNABSORBED)

    def left(self) -> dict[str, frozenset[str]]:
        """The ids that left system 1, by channel (the first axiom's right-hand side; one may use several)."""
        channels: dict[str, set[str]] = {}
        for id, entry in self.entries.items():
            for channel in entry.channels:
                channels.setdefault(channel, set()).add(id)
        return {channel: frozenset(ids) for channel, ids in channels.items()}

    def untraced(self) -> frozenset[str]:
        """The ids absorbed beyond system 1 that left it by no channel: side doors (the first axiom's defect).

        Empty in a system whose every disturbance leaves by a channel.
        """
        inside = (None, Absorber.OPERATION, Absorber.UNABSORBED)
        return frozenset(
            id for id, one in self.entries.items() if one.absorber not in inside and not one.channels
        )

    def _known(self, id: str) -> Disturbance:
        if instance("id", id, str) not in self.entries:
            raise OptionError("id", "a disturbance that was entered", id)
        return self.entries[id]

    def _with(self, id: str, entry: Disturbance) -> "VarietyLedger":
        return changed(self, entries=added(self.entries, id, entry))
