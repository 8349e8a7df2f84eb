"""Oscillation of a level: what its units choose is watched, and damped by advice where all swing together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Self

from cybernetic.vsm.coordination.messages import CoordinationPlan, Hold, OscillationNotice
from cybernetic.vsm.damping.choice import Advice
from cybernetic.vsm.damping.flap import FlapDamper, Flapping
from cybernetic.vsm.damping.oscillation import Oscillation
from cybernetic.vsm.damping.plan import Engagement
from cybernetic.vsm.damping.shaping import Shaping
from cybernetic.vsm.damping.watch import Herd

WINDOW = 120.0  # seconds of the shortest window: six periods of a herd that decides every ten
LASTS = 1200.0  # seconds that advice is valid unless the oscillation is found again
DWELL = 1.5  # periods of the swing that a unit stays where it has gone
SHAPING = Shaping(fraction=0.15)
DAMPER = FlapDamper(half_life=60.0, suppress=2.0, release=0.75, longest=180.0)

MECHANISMS = ("detection", "plan", "holds", "shaping")
"""What can be taken out of the damping, to see what it is for."""


@dataclass(frozen=True)
class Watching:
    """One group of equivalents: who is where, who flaps, and the advice in force. A value.

    When the units are found to swing together they are told, first where they belong: a balanced plan, with weights as
    the capacities, and penalties begin anew, for the move to the plan is nobody's fault. From there they move within a
    shaping, and who goes to and fro is asked to stay for a while, which has a cap. Freezing alone may freeze a bad
    state.

    Attributes:
        group: its name.
        herd: where each unit is.
        engagement: whether moves are damped.
        flaps: of each unit.
        holds: until when each unit was asked to stay, seconds.
        advice: what units are told; None while calm.
        targets: where each unit belongs by the plan.
        without: of `MECHANISMS`, those that are taken out.
    """

    group: str
    herd: Herd
    engagement: Engagement
    flaps: Mapping[str, Flapping]
    holds: Mapping[str, float]
    advice: Advice | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @classmethod
    def of(cls, group: str, targets: tuple[str, ...], step: float) -> Self:
        """The group called so of these targets, looked at every `step` seconds."""
        size = max(24, round(WINDOW / step))
        return cls(group, Herd(targets, step, size=size), Engagement(SHAPING, LASTS), {}, {})

    def chose(self, unit: str, target: str, now: float) -> tuple[Self, Hold | None]:
        """After a unit went to a target; the hold that it is to be told."""
        if target not in self.herd.targets:
            return self, None
        flap = DAMPER.saw(self.flaps.get(unit, Flapping()), target, now)
        watching = replace(self, herd=self.herd.chose(unit, target), flaps={**self.flaps, unit: flap})
        until = DAMPER.until(flap) if DAMPER.held(flap, now) else None
        if "holds" in self.without or until is None or not self._damps(now):
            return watching, None
        if until <= self.holds.get(unit, -inf):
            return watching, None
        return replace(watching, holds={**self.holds, unit: until}), Hold(self.group, until)

    def crowd(self, unit: str, counts: Mapping[str, int]) -> Self:
        """After it was told where those within a unit are that is a level."""
        return replace(self, herd=self.herd.crowd(unit, counts))

    def cycle(self, capacities: Mapping[str, float], now: float) -> tuple[Self, OscillationNotice | None]:
        """After a round; the notice of an oscillation that is found. Then there is new advice for all units."""
        herd, found = self.herd.sampled()
        watching = replace(self, herd=herd)
        if found is None or "detection" in self.without:
            return watching, None
        notice = notice_of(self.group, found)
        return watching._engaged(capacities, notice.period, now), notice

    def plans(self, now: float) -> dict[str, CoordinationPlan]:
        """The advice for each unit, while there is any."""
        if self.advice is None or not self._damps(now):
            return {}
        units = sorted({member.partition("#")[0] for member in self.herd.where})
        return {
            unit: CoordinationPlan(self.group, replace(self.advice, target=self.targets.get(unit)))
            for unit in units
        }

    def taking_out(self, *mechanisms: str) -> Self:
        """Without some of `MECHANISMS`."""
        return replace(self, without=self.without | frozenset(mechanisms))

    def _damps(self, now: float) -> bool:
        return self.advice is not None and now < self.advice.until

    def _engaged(self, capacities: Mapping[str, float], period: float, now: float) -> Self:
        shaping = Shaping() if "shaping" in self.without else replace(SHAPING, dwell=DWELL * period)
        engagement, fresh = replace(self.engagement, shaping=shaping).engage(capacities, self.flaps, now)
        assert engagement.plan is not None
        until = engagement.plan.until
        if "plan" in self.without:
            advice = Advice(until, shaping=shaping)
            return replace(self, herd=self.herd.anew(), engagement=engagement, advice=advice, targets={})
        return replace(
            self,
            herd=self.herd.anew(),
            engagement=engagement,
            flaps=fresh,
            holds={},
            advice=Advice(until, engagement.plan.shares, shaping=shaping),
            targets=engagement.plan.assigned(list(self.herd.where)),
        )


def notice_of(signal: str, found: Oscillation) -> OscillationNotice:
    """What is told of an oscillation that was found in a signal."""
    assert found.period is not None
    return OscillationNotice(signal, found.period, found.regularity, found.decay, found.amplitude)
