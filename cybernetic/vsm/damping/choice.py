"""How a unit chooses among equivalents: what is cheapest for it, as far as system 2 advises nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from sys import float_info
from typing import Self

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import entry, instance, mapping, moment, word
from cybernetic.vsm.damping.plan import target_shares
from cybernetic.vsm.damping.shaping import Shaping


@dataclass(frozen=True, slots=True)
class Advice:
    """What system 2 advises those that choose among the same targets, valid before `until` (seconds).

    Arguments:
        until: when it is over.
        shares: the part of all that belongs to each target; empty: it has no plan.
        target: where the one advised belongs by that plan; None: he may begin where he is.
        shaping: how he moves from there.

    Raises `OptionError` for anything else.
    """

    until: float
    shares: tuple[tuple[str, float], ...] = ()
    target: str | None = None
    shaping: Shaping = field(default_factory=Shaping)

    def __post_init__(self) -> None:
        number("until", self.until)
        target_shares("shares", self.shares)
        if self.target is not None:
            instance("target", self.target, str)
        instance("shaping", self.shaping, Shaping)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a unit stands among equivalents, and what it was advised: a value.

    Advice is followed once: the unit goes to its target, and moves from there, within the advised shaping, as it likes.

    Arguments:
        here: where it is; None: nowhere yet.
        moved_at: when it came here, seconds; `-inf`: it never moved.
        advice: the latest; None: none yet.
        followed: whether it has gone where that sends it.
        held_until: it is asked to stay until then, seconds; `-inf`: it is not.

    Raises `OptionError` for anything else.
    """

    here: str | None = None
    moved_at: float = -inf
    advice: Advice | None = None
    followed: bool = True
    held_until: float = -inf

    def __post_init__(self) -> None:
        if self.here is not None:
            word("here", self.here)
        moment("moved_at", self.moved_at)
        moment("held_until", self.held_until)
        flag("followed", self.followed)
        if self.advice is not None:
            instance("advice", self.advice, Advice)

    def advised(self, advice: Advice) -> Self:
        """After an advice; the same again changes nothing."""
        if instance("advice", advice, Advice) == self.advice:
            return self
        return replace(self, advice=advice, followed=advice.target is None)

    def held(self, until: float) -> Self:
        """After it was asked to stay until then; an earlier time frees it."""
        return replace(self, held_until=moment("until", until))

    def made(self, costs: Mapping[str, float], now: float, draw: float) -> Self:
        """After a choice at `now` among those that `costs` names, each with what it costs this unit (any one scale).

        `draw` is uniform on [0, 1). Raises `OptionError` for costs that are none, a `now` that is no time, and another
        `draw`.
        """
        number("now", now)
        if not 0.0 <= number("draw", draw) < 1.0:
            raise OptionError("draw", "a number in [0, 1)", draw)
        if not mapping("costs", costs):
            raise OptionError("costs", "one for each of those to choose among", dict(costs))
        least = min(number(entry("costs", word("costs", name)), cost) for name, cost in costs.items())
        best = sorted(name for name, cost in costs.items() if cost == least)
        advice = self.advice if self.advice is not None and now < self.advice.until else None
        target = advice.target if advice is not None and not self.followed else None
        if target is not None and target in costs:
            return replace(self._at(target, now), followed=True)
        if self.here is None or self.here not in costs or advice is None:
            return self._at(self._one_of(best, draw), now)
        # what is far apart may differ by more than a float
        gain, shaping = min(costs[self.here] - least, float_info.max), advice.shaping
        if now < self.held_until or not shaping.moves(gain, now, self.moved_at, draw):
            return self
        # who moves drew less than the fraction: of that part of [0, 1) the draw is uniform, and says where to
        return self._at(self._one_of(best, draw / shaping.fraction), now)

    def _one_of(self, names: list[str], draw: float) -> str:
        """Where it is, if that is as good as any; else one of them by lot."""
        return self.here if self.here is not None and self.here in names else names[int(draw * len(names))]

    def _at(self, name: str | None, now: float) -> Self:
        return self if name == self.here else replace(self, here=name, moved_at=now)
