"""Why it came to this: incidents, and what followed from what, as the logs have it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cybernetic.apps.demo.frames import Banner, Line, clock


@dataclass(frozen=True, slots=True)
class Step:
    """One thing in a chain of causes: how deep it is, when it was, and what."""

    depth: int
    at: float
    who: str
    text: str

    @property
    def time(self) -> str:
        """On the clock of the hour."""
        return clock(self.at)


def chains(banners: Iterable[Banner], log: Sequence[Line]) -> list[list[Step]]:
    """What followed from each incident, the latest incident first: each step below its cause.

    What was told of an incident counts as following from it. Lines that name no cause,
    or one that is not known, are left out: why they came is not known.
    """
    after: dict[str, list[Line]] = {}
    told = sorted(banners, key=lambda one: one.at)
    known = [Line(one.at, "", one.text, "", one.about) for one in told if one.kind == "consequence"]
    for line in sorted([*known, *log], key=lambda one: one.at):
        if line.cause:
            after.setdefault(line.cause, []).append(line)
    found = []
    for banner in reversed(told):
        if banner.kind == "incident":
            root = Step(0, banner.at, "the world", banner.text)
            found.append([root, *_following(banner.about, after, 1, {banner.about})])
    return found


def _following(cause: str, after: dict[str, list[Line]], depth: int, met: set[str]) -> list[Step]:
    steps = []
    for line in after.get(cause, ()):
        steps.append(Step(depth, line.at, line.who, line.text))
        if line.id and line.id not in met:
            met.add(line.id)
            steps += _following(line.id, after, depth + 1, met)
    return steps
