"""A shared rate that survives the death of who paces it: leases, static shares, a successor that waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self

from cybernetic.core import OptionError, number, one_of
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entry, instance, mapping, moment, share, word
from cybernetic.vsm.damping.pacer import Pacer


@dataclass(frozen=True, slots=True)
class SharedPacer:
    """The coordinator's side: it grants only the part of the rate that no member may be using by itself.

    A member whose lease may have lapsed paces itself at the static share `rate / members` (see `Member`). So
    the coordinator grants `rate * (members known to hold a lease) / members`, and nothing at all until it has
    heard all members, for one `ttl` after it was born at most: those it has not heard may still go by the word of
    its predecessor. Together all grants of any window of `w` seconds stay within `rate * w` and one `burst` (or
    one dearer grant) for each pacer involved.

    A lease counts once the member has said that it holds it: an answer may be lost on its way.

    Arguments:
        rate: units a second for all together, > 0.
        members: the names of all that share the rate; at least one.
        ttl: how long a lease lasts, seconds > 0. Members renew at a third of it.
        born: when this coordinator began, seconds.
        burst: units that may be granted at once, as in `Pacer`, > 0.
        held, parts: what was heard of each member: until when it holds a lease, and on which part of its share.
    """

    rate: float
    members: frozenset[str]
    ttl: float
    born: float
    burst: float = 1.0
    held: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    pacer: Pacer = field(default=Pacer(0.0))

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0.0)
        number("ttl", self.ttl, above=0.0)
        number("born", self.born)
        number("burst", self.burst, above=0.0)
        if not instance("members", self.members, frozenset):
            raise OptionError("members", "one at least", self.members)
        for member in self.members:
            word("members", member)
        self._check_heard()
        instance("pacer", self.pacer, Pacer)
        if self.pacer.seen is None:  # born with nothing in hand: the first grant, too, has to be earned
            first = Pacer(0.0, self.burst, 0.0, since=self.born, seen=self.born)
            object.__setattr__(self, "pacer", first)

    def _check_heard(self) -> None:
        for member, until in mapping("held", self.held).items():
            if member not in self.members:
                one_of("held", member, sorted(self.members))
            moment(entry("held", member), until)
        if mapping("parts", self.parts).keys() != self.held.keys():
            raise OptionError("parts", "one for each of those in `held`", dict(self.parts))
        for member, part in self.parts.items():
            share(entry("parts", member), part)

    def quiet(self, now: float) -> bool:
        """Whether it is too early to grant: a predecessor may still be heeded by members not heard yet."""
        number("now", now, least=self.pacer.seen)
        return now < self.born + self.ttl and len(self.held) < len(self.members)

    def share(self, now: float) -> float:
        """The part of the rate this coordinator may grant at `now`, in [0, 1]."""
        number("now", now, least=self.pacer.seen)
        if self.quiet(now):
            return 0.0
        return sum(self.parts[one] for one, until in self.held.items() if until > now) / len(self.members)

    def part(self, until: float) -> float:
        """The part of all members, in [0, 1], that holds leases until then at least."""
        moment("until", until)
        return sum(self.parts[one] for one, held in self.held.items() if held >= until) / len(self.members)

    def heard(self, member: str, holds_until: float, now: float, part: float = 1.0) -> Self:
        """After `member` asked for a lease or a renewal and said that it holds one until `holds_until`
        (`-inf`: none).

        The answer to it is a lease until `now + ttl`, which counts from the next time the member is heard. A member
        that stands for several says with `part` (0 to 1) how much of its share nobody will use by itself before then.
        """
        if instance("member", member, str) not in self.members:
            one_of("member", member, sorted(self.members))
        pacer = self._caught_up(now)
        share("part", part)
        until = holds_until if holds_until == -inf else number("holds_until", holds_until)
        parts = {**self.parts, member: part}
        told = changed(self, held={**self.held, member: until}, parts=parts, pacer=pacer)
        return changed(told, pacer=pacer.at_rate(told.rate * told.share(now), now))

    def ready(self, now: float, cost: float = 1.0) -> float:
        """When to try again, seconds: the earliest time at which `cost` units may go unless leases come or
        lapse.

        `inf` while no member holds a lease: hearing one changes that.
        """
        pacer = self._caught_up(now)
        return self.born + self.ttl if self.quiet(now) else pacer.ready(now, cost)

    def grant(self, now: float, cost: float = 1.0) -> tuple[Self, bool]:
        """Grant `cost` units to be used at once, or not: the coordinator after it, and whether it did."""
        pacer = self._caught_up(now)
        if pacer.ready(now, cost) > now:
            return changed(self, pacer=pacer), False
        return changed(self, pacer=pacer.grant(now, cost)[0]), True

    def _caught_up(self, now: float) -> Pacer:
        """The pacer at `now`. Since it was last told only lapses can have happened, so the share of now is
        the least.
        """
        rate = self.rate * self.share(now)
        return changed(self.pacer, rate=min(self.pacer.rate, rate)).at_rate(rate, now)


@dataclass(frozen=True, slots=True)
class Member:
    """A unit's side: it uses its static share only after its lease has lapsed, and earns it from then on.

    Arguments:
        share: the static share, units a second: the rate divided by the number of members.
        until: when the lease lapses, seconds; count it from when the lease was *asked* for.
    """

    share: float
    until: float = -inf
    pacer: Pacer = field(default=Pacer(0.0))

    def __post_init__(self) -> None:
        number("share", self.share, above=0.0)
        moment("until", self.until)
        instance("pacer", self.pacer, Pacer)

    def sharing(self, share: float, now: float) -> Self:
        """This member with another static share from `now` on, units a second > 0; what it has earned it keeps."""
        number("share", share, above=0.0)
        number("now", now, least=self.pacer.seen)
        pacer = self.pacer.at_rate(share, now) if self.pacer.rate else self.pacer
        return replace(self, share=share, pacer=pacer)

    def leased(self, now: float, until: float) -> Self:
        """After a lease (or its renewal) that lasts until `until` was received at `now`; a shorter one
        changes nothing.
        """
        number("now", now, least=self.pacer.seen)
        longer = max(self.until, number("until", until))
        started = changed(self.pacer, seen=now)
        return changed(self, until=longer, pacer=started)

    def alone(self, now: float) -> bool:
        """Whether the lease has lapsed, so that this member paces itself."""
        return number("now", now, least=self.pacer.seen) >= self.until

    def ready(self, now: float, cost: float = 1.0) -> float:
        """The earliest time, seconds, at which the static share allows `cost` if no lease comes first."""
        if self.alone(now):
            return self._lapsed(now).ready(now, cost)
        return self.until + number("cost", cost, least=0.0) / self.share

    def grant(self, now: float, cost: float = 1.0) -> tuple[Self, bool]:
        """Use `cost` units of the static share at once, or not: the member after it, and whether it may."""
        if not self.alone(now):
            return self, False
        pacer = self._lapsed(now)
        if pacer.ready(now, cost) > now:
            return changed(self, pacer=pacer), False
        return changed(self, pacer=pacer.grant(now, cost)[0]), True

    def _lapsed(self, now: float) -> Pacer:
        """The pacer of the static share; where the lease has lapsed since its last use, with nothing earned
        before.
        """
        if self.pacer.rate and self.pacer.since >= self.until:
            return self.pacer
        start = now if self.until == -inf else self.until
        return Pacer(self.share, credit=0.0, since=start, seen=self.pacer.seen)
