"""A film: the frames of one company, one after the other, as far as they have come."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from math import inf

from cybernetic.apps.demo.frames import ARMS, SYSTEM_NAMES, Banner, Frame, Line, Score
from cybernetic.core import one_of

TITLES = {"plain": "plain agents", "gateway": "agents + gateway", "viable": "viable system"}


class Film:
    """What is known of one company so far.

    Args:
        arm: which company.
        without: the systems that it is without.
        frames: what there is of it already.
        bare: of each frame only the score is kept, not what an operations room shows.
        until: the second up to which it is wanted. Default: to the end of the hour.
    """

    def __init__(
        self,
        arm: str,
        without: tuple[str, ...] = (),
        frames: Iterable[Frame] = (),
        *,
        bare: bool = False,
        until: float = inf,
    ) -> None:
        one_of("arm", arm, ARMS)
        self.arm, self.without, self._bare, self._until = arm, without, bare, until
        self.frames: list[Frame] = []
        self._times: list[float] = []
        for frame in frames:
            self.add(frame)

    @property
    def title(self) -> str:
        """What it is called."""
        if self.without:
            return f"without {' and '.join(SYSTEM_NAMES.get(name, name) for name in self.without)}"
        return TITLES[self.arm]

    @property
    def whole(self) -> bool:
        """Whether all of it is there."""
        return bool(self.frames) and (self.frames[-1].last or self.end >= self._until)

    @property
    def end(self) -> float:
        """Up to which virtual second there is something to see."""
        return self._times[-1] if self._times else 0.0

    def add(self, frame: Frame) -> None:
        """The next one has come; one that is there already changes nothing, for a fork plays its past again."""
        if self._times and frame.at <= self._times[-1]:
            return
        self.frames.append(replace(frame, room=None) if self._bare else frame)
        self._times.append(frame.at)

    def at(self, now: float) -> Frame:
        """The last frame at or before a virtual second; before the first one a company that has done nothing yet."""
        place = bisect_right(self._times, now)
        return self.frames[place - 1] if place else Frame(self.arm, 0.0, Score())

    def banners(self, until: float) -> list[Banner]:
        """What was to be told up to then, the oldest first."""
        place = bisect_right(self._times, until)
        return [one for frame in self.frames[:place] for one in frame.banners if one.at <= until]

    def log(self, until: float) -> list[Line]:
        """The lines of its log up to then."""
        place = bisect_right(self._times, until)
        return [one for frame in self.frames[:place] for one in frame.log if one.at <= until]

    def before(self, at: float) -> "Film":
        """The same company up to a moment, as a film of its own that another future may follow."""
        kept = [frame for frame in self.frames if frame.at < at]
        return Film(self.arm, self.without, [replace(frame, last=False) for frame in kept])
