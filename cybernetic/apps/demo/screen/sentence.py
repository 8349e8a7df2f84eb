"""One sentence of what a system was good for: computed from the two futures that part at the fork."""

from collections.abc import Callable
from dataclasses import dataclass

from cybernetic.apps.demo.frames import SYSTEM_NAMES, Score


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is better the less there is of it: how it is read off a score, and how it is said."""

    of: Callable[[Score], float]
    said: Callable[[float], str]
    grain: float = 1.0


def _counted(one: str, many: str) -> Callable[[float], str]:
    return lambda value: f"{value:.0f} {one if round(value) == 1 else many}"


MEASURES = {
    "wrong": Measure(lambda score: score.wrong, _counted("wrong answer", "wrong answers")),
    "lost": Measure(lambda score: score.lost, _counted("customer lost", "customers lost")),
    "over": Measure(lambda score: score.over, lambda value: f"${value:.0f} over budget"),
    "failed": Measure(lambda score: score.failed, _counted("failed job", "failed jobs")),
    "refused": Measure(lambda score: score.refused, _counted("refused call (429)", "refused calls (429)")),
    "peak": Measure(
        lambda score: score.peak, _counted("job waiting at the peak", "jobs waiting at the peak")
    ),
    "backlog": Measure(lambda score: score.backlog, _counted("job waiting", "jobs waiting")),
    "spent": Measure(lambda score: score.spent, lambda value: f"${value:.0f} spent"),
}
FIRST = {
    "s2": ("lost", "refused", "failed", "backlog"),
    "s3": ("over", "lost", "spent"),
    "s3star": ("wrong", "lost"),
    "s4": ("lost", "peak", "backlog"),
    "algedonic": ("lost", "failed", "backlog"),
}
"""What each system is there for: looked at first."""


def sentence(system: str, seconds: float, without: Score, whole: Score) -> str:
    """What the company is worse (or better) off for, as in "12 minutes later: 61 wrong answers instead of 9".

    Args:
        system: which one was taken out, such as "s3star".
        seconds: since then.
        without: the score of the company that goes on without it.
        whole: that of the company as it is.

    Of the measures that the system is there for the first is told that differs; else the one of the others that
    differs most. What is better without it is told as it is.
    """
    begin = f"Without {SYSTEM_NAMES.get(system, system)}, {_later(seconds)}:"
    name = _differing(system, without, whole)
    if name is None:
        return f"{begin} no difference yet."
    measure = MEASURES[name]
    less, more = measure.of(whole), measure.of(without)
    return f"{begin} {measure.said(more)} instead of {_number(name, less)}."


def _later(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} seconds later"
    return f"{minutes} minute{'' if minutes == 1 else 's'} later"


def _number(name: str, value: float) -> str:
    return f"${value:.0f}" if name in ("over", "spent") else f"{value:.0f}"


def _differing(system: str, without: Score, whole: Score) -> str | None:
    def gap(name: str) -> float:
        measure = MEASURES[name]
        return abs(round(measure.of(without)) - round(measure.of(whole)))

    for name in FIRST.get(system, ()):
        if gap(name) >= 1:
            return name
    rest = [name for name in MEASURES if gap(name) >= 1 and name != "spent"]
    return max(rest, key=lambda name: gap(name) / (1 + MEASURES[name].of(whole)), default=None)
