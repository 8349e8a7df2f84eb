"""What to do about an oscillation: first publish a balanced plan, then damp.

Freezing alone may freeze a bad state.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from math import fsum
from typing import Self

from cybernetic.core import OptionError, number
from cybernetic.vsm.checks import instance, mapping, weights, word
from cybernetic.vsm.damping.flap import Flapping
from cybernetic.vsm.damping.shaping import Shaping


@dataclass(frozen=True, slots=True)
class Plan:
    """Advice to the units: the share of the work that belongs to each target (they sum to 1), valid before
    `until` (seconds). Raises `OptionError`.
    """

    shares: tuple[tuple[str, float], ...]
    until: float

    def __post_init__(self) -> None:
        if abs(fsum(target_shares("shares", self.shares).values()) - 1.0) > 1e-9:
            raise OptionError("shares", "shares that sum to 1", self.shares)
        number("until", self.until)

    def assigned(self, members: Collection[str]) -> dict[str, str]:
        """A target for each member, in numbers as near to the shares as whole numbers are (largest
        remainders).

        The same members get the same targets wherever it is computed; who goes where is decided by a hash. Raises
        `OptionError` for a member that is no name.
        """
        given = instance("members", members, Collection)  # type: ignore[type-abstract]
        names = {instance("members", member, str) for member in given}
        ordered = sorted(names, key=lambda member: sha256(member.encode(errors="surrogatepass")).digest())
        quotas = [(target, share * len(ordered)) for target, share in self.shares]
        counts = {target: int(quota) for target, quota in quotas}
        by_rest = sorted(quotas, key=lambda quota: (int(quota[1]) - quota[1], quota[0]))
        for target, _ in by_rest[: len(ordered) - sum(counts.values())]:
            counts[target] += 1
        places = [target for target, count in counts.items() for _ in range(count)]
        return dict(zip(ordered, places, strict=True))


def target_shares(name: str, shares: object) -> dict[str, float]:
    """Pairs (target, share), each target named once, as a mapping. Raises `OptionError`."""
    found: dict[str, float] = {}
    for pair in instance(name, shares, tuple):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise OptionError(name, "pairs (target, share)", shares)
        if word(name, pair[0]) in found:
            raise OptionError(name, "one share for each target", shares)
        found[pair[0]] = number(name, pair[1], least=0.0)
    return found


def balanced_plan(capacities: Mapping[str, float], until: float) -> Plan:
    """The plan whose shares are as the capacities (any one unit, >= 0), valid before `until` (seconds).

    Raises `OptionError` when a capacity cannot be, or when together they are nothing.
    """
    shares = weights("capacities", capacities)
    return Plan(tuple(sorted((word("capacities", target), share) for target, share in shares.items())), until)


@dataclass(frozen=True, slots=True)
class Engagement:
    """Whether decisions about one signal are damped, and by what plan.

    Arguments:
        shaping: how moves are shaped while engaged.
        lasts: seconds an engagement lasts unless the signal is found to oscillate again; it always ends.
        plan: the plan in force; None while calm.
    """

    shaping: Shaping
    lasts: float
    plan: Plan | None = None

    def __post_init__(self) -> None:
        instance("shaping", self.shaping, Shaping)
        number("lasts", self.lasts, above=0.0)
        if self.plan is not None:
            instance("plan", self.plan, Plan)

    def engaged(self, now: float) -> bool:
        """Whether moves are damped at `now`."""
        number("now", now)
        return self.plan is not None and now < self.plan.until

    def engage(
        self, capacities: Mapping[str, float], penalties: Mapping[str, Flapping], now: float
    ) -> tuple[Self, dict[str, Flapping]]:
        """An oscillation was found at `now`: the engagement with a balanced plan, and the penalties as they
        begin anew.

        Publish the plan, let the units go where it sends them, and only then damp: where a unit was last seen
        is forgotten with its penalty, so that the move to the plan is nobody's fault.
        """
        plan = balanced_plan(capacities, number("now", now) + self.lasts)
        return replace(self, plan=plan), {key: Flapping(at=now) for key in mapping("penalties", penalties)}

    def shaped(self, now: float) -> Shaping:
        """How moves are shaped at `now`: not at all while calm."""
        return self.shaping if self.engaged(now) else Shaping()
