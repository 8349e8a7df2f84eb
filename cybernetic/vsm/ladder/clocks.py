"""The clocks of the ladder: two per level, a human with repeats at the top, and the bound they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum, inf

from cybernetic.core import OptionError, flag, number, one_of, whole
from cybernetic.vsm.checks import instance
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict, asked_in_turn


@dataclass(frozen=True, slots=True)
class Clocks:
    """How long one level has, in seconds, all > 0.

    `ack` to say that it took the pain over (is anybody there?), then `recovery` until the pain is gone (did
    it work?). Every `look` seconds its algedonode looks whether all that should beat does, and shows that it lives
    itself: so much later, at most, is felt what has gone silent. Raises `OptionError`.
    """

    ack: float = 1.0
    recovery: float = 120.0
    look: float = 0.5

    def __post_init__(self) -> None:
        number("ack", self.ack, above=0)
        number("recovery", self.recovery, above=0)
        number("look", self.look, above=0)

    @property
    def beat(self) -> float:
        """Seconds within which its algedonode is to be heard again: two looks, for one may be late."""
        return 2 * self.look


@dataclass(frozen=True, slots=True)
class Paging:
    """How humans are called at the top of the ladder.

    `sinks` ways (>= 1) are tried in order until one takes the page; unanswered after `ack` seconds (> 0) it
    is repeated, each wait `backoff` (>= 1) times the last but never above `longest` seconds, `attempts` times
    (>= 1) in all. Who answers has `recovery` seconds (> 0).

    Then `on_timeout` is what was decided: an `Escalate` calls all sinks once more, for its deadline; a `Deny` takes
    effect as `denied` says, "suspend" (what hurts uses no port and begins no task, until it hurts no more or a human
    resumes it) or "stop" (the level where it hurts ends); an `Allow` lets all go on, because somebody wrote that down.
    Raises `OptionError`.
    """

    sinks: int = 1
    ack: float = 60.0
    recovery: float = 1800.0
    backoff: float = 2.0
    longest: float = 3600.0
    attempts: int = 5
    on_timeout: Verdict = field(default_factory=lambda: Deny("nobody answered the page"))
    denied: str = "suspend"

    def __post_init__(self) -> None:
        whole("sinks", self.sinks, least=1)
        whole("attempts", self.attempts, least=1)
        number("ack", self.ack, above=0)
        number("recovery", self.recovery, above=0)
        number("backoff", self.backoff, least=1)
        if number("longest", self.longest) < self.ack:
            raise OptionError("longest", f"seconds from `ack`, {self.ack:g}, on", self.longest)
        if not isinstance(self.on_timeout, Allow | Deny | Escalate):
            raise OptionError("on_timeout", "an Allow, a Deny or an Escalate", self.on_timeout)
        one_of("denied", self.denied, ("suspend", "stop"))

    @property
    def calls(self) -> int:
        """How many pages there are at most, escalations included."""
        return self.attempts + len(asked_in_turn(self.on_timeout))

    @property
    def last_word(self) -> Allow | Deny:
        """What holds when nobody answered any of them."""
        verdict = self.on_timeout
        while isinstance(verdict, Escalate):
            verdict = verdict.on_timeout
        return verdict

    def given(self, attempt: int) -> float:
        """Seconds that page number `attempt` (1, 2, ...) is given: its wait, or the deadline of its escalation. Raises
        `OptionError`.
        """
        verdict, further = self.on_timeout, whole("attempt", attempt, least=1) - self.attempts
        while isinstance(verdict, Escalate) and further > 1:
            verdict, further = verdict.on_timeout, further - 1
        return verdict.deadline if isinstance(verdict, Escalate) and further == 1 else self.wait(attempt)

    def wait(self, attempt: int) -> float:
        """Seconds that page number `attempt` (1, 2, ...) is given before the next. Raises `OptionError`."""
        wait = self.ack
        for _ in range(whole("attempt", attempt, least=1) - 1):
            before, wait = wait, min(self.longest, wait * self.backoff)
            if wait == before:  # and so are all that follow
                break
        return wait


@dataclass(frozen=True, slots=True)
class Rungs:
    """A ladder's rungs: the clocks of each level from the owner upwards, and the paging above them all.

    A page for a statistical pain waits until the pain stood `stand` further data (>= 0) and its owner's
    recovery time has passed, since a series alone crosses any threshold now and then. Raises `OptionError`.
    """

    levels: tuple[Clocks, ...] = (Clocks(),)
    paging: Paging = field(default_factory=Paging)
    stand: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.levels, tuple) or not all(isinstance(level, Clocks) for level in self.levels):
            raise OptionError("levels", "a tuple of Clocks", self.levels)
        instance("paging", self.paging, Paging)
        whole("stand", self.stand)

    @property
    def top(self) -> int:
        """The number of the human's rung: one above the last level."""
        return len(self.levels)

    @property
    def patience(self) -> float:
        """Seconds that a statistical pain is old before anybody is paged: the owner's recovery time."""
        return self.levels[0].recovery if self.levels else 0.0


def time_to_human(
    levels: Sequence[Clocks], *, detection: float = 0.0, hop: float = 0.0, acknowledged: bool = True
) -> float:
    """The longest time in seconds from a fault to the page, for a pain that is an event.

    `detection` is how long until the pain is felt, `hop` what one message takes. Anybody may acknowledge and
    then die, so the bound is detection + sum(ack + recovery) + hops * hop; with `acknowledged` False (nobody
    does) the recoveries do not count. A pain read off an index waits besides until it stood long enough; see
    `Rungs`. Raises `OptionError`.
    """
    number("detection", detection, least=0)
    number("hop", hop, least=0)
    flag("acknowledged", acknowledged)
    for level in instance("levels", levels, Sequence):  # type: ignore[type-abstract]
        instance("levels", level, Clocks)
    try:
        per_level = [level.ack + (level.recovery if acknowledged else 0.0) + hop for level in levels]
        bound = fsum((detection, *per_level, hop))
    except OverflowError:  # on the way to a sum beyond what floats hold
        bound = inf
    if bound == inf:
        raise OptionError("levels", "times with a finite sum, `detection` and `hop` among them", levels)
    return bound
