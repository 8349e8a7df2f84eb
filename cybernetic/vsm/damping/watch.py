"""What is seen of a decision that many make, each for himself: where each is, and whether all swing together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Self

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.changed import changed
from cybernetic.vsm.checks import entry, instance, mapping, share, word
from cybernetic.vsm.damping.oscillation import Oscillation, find_oscillation

_MOST = 1_000_000  # in a crowd: each of them has a place of its own


@dataclass(frozen=True, slots=True)
class Window:
    """The last `size` means of `pace` data each, oldest first: a value. `rest` are data not yet in a mean.

    `fresh` counts the means since the window was last looked at. Raises `OptionError` for anything else.
    """

    pace: int
    size: int
    data: tuple[float, ...] = ()
    rest: tuple[float, ...] = ()
    fresh: int = 0

    def __post_init__(self) -> None:
        whole("pace", self.pace, least=1)
        whole("size", self.size, least=1)
        for name, data in (("data", self.data), ("rest", self.rest)):
            for datum in instance(name, data, tuple):
                number(name, datum)
        whole("fresh", self.fresh)

    def after(self, value: float) -> Self:
        """With one datum more. Raises `OptionError` for one that is not finite, or makes a mean that is not."""
        rest = (*self.rest, number("value", value))
        if len(rest) < self.pace:
            return changed(self, rest=rest)
        mean = sum(rest) / self.pace
        if not -inf < mean < inf:
            raise OptionError("value", "a number whose mean with those before it is finite", value)
        data = (*self.data, mean)[-self.size :]
        return changed(self, data=data, rest=(), fresh=self.fresh + 1)

    @property
    def ripe(self) -> bool:
        """Whether it is full, and a twelfth of it is new."""
        return len(self.data) == self.size and self.fresh >= self.size // 12


@dataclass(frozen=True, slots=True)
class Signal:
    """One figure of a decision, sampled once a round: a share, a count, a rate. A value.

    A loop is found by a window of six to thirty of its periods, so there is a window for each of some paces.

    Arguments:
        step: seconds of a round, > 0.
        floor: smaller amplitudes are none, in the unit of the figure, >= 0.
        size: data in a window, >= 24.
        windows: made at first for rounds of 1, 4 and 16 steps.
    """

    step: float
    floor: float
    size: int = 120
    windows: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        number("step", self.step, above=0.0)
        number("floor", self.floor, least=0.0)
        whole("size", self.size, least=24)
        if not self.windows:
            object.__setattr__(self, "windows", tuple(Window(pace, self.size) for pace in (1, 4, 16)))

    def after(self, value: float) -> tuple[Self, Oscillation | None]:
        """With one datum more; and the oscillation that a window shows since, with its period in seconds."""
        windows = tuple(window.after(value) for window in self.windows)
        found, looked = None, []
        for window in windows:
            if found is None and window.ripe:
                verdict = find_oscillation(window.data, floor=self.floor, step=self.step * window.pace)
                found = verdict if verdict.oscillating else None
                window = changed(window, fresh=0)
            looked.append(window)
        return changed(self, windows=tuple(looked)), found

    def anew(self) -> Self:
        """The signal as if nothing had been seen yet: what comes now is another loop."""
        return changed(self, windows=tuple(Window(one.pace, one.size) for one in self.windows))


@dataclass(frozen=True, slots=True)
class Herd:
    """Where each of many stands, who chooses among the same `targets`: a value.

    Arguments:
        targets: their names.
        step: seconds of a round, > 0.
        floor: of a swing in the number of those at one target, as a part of all, in [0, 1].
        size: rounds in the shortest window, >= 24.
        where: by member.
        signals: by target: how many are there.

    Raises `OptionError` for anything else.
    """

    targets: tuple[str, ...]
    step: float
    floor: float = 0.1
    size: int = 120
    where: Mapping[str, str] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for target in instance("targets", self.targets, tuple):
            word("targets", target)
        number("step", self.step, above=0.0)
        share("floor", self.floor)
        whole("size", self.size, least=24)
        mapping("where", self.where)
        for target, signal in mapping("signals", self.signals).items():
            instance(entry("signals", target), signal, Signal)

    def chose(self, member: str, target: str) -> Self:
        """After `member` went to `target`. Raises `OptionError`."""
        return changed(self, where={**self.where, word("member", member): word("target", target)})

    def crowd(self, member: str, counts: Mapping[str, int]) -> Self:
        """After it was told how many, within a member that is many, are at each target: a million in all at most.
        Raises `OptionError`.
        """
        word("member", member)
        for target, count in mapping("counts", counts).items():
            whole(entry("counts", word("counts", target)), count)
        if sum(counts.values()) > _MOST:
            raise OptionError("counts", f"at most {_MOST} in all", dict(counts))
        others = {one: at for one, at in self.where.items() if not one.startswith(f"{member}#")}
        many = [target for target, count in sorted(counts.items()) for _ in range(count)]
        return changed(self, where={**others, **{f"{member}#{n}": at for n, at in enumerate(many)}})

    def counts(self) -> dict[str, int]:
        """How many are at each target."""
        there = list(self.where.values())
        return {target: there.count(target) for target in self.targets}

    def sampled(self) -> tuple[Self, Oscillation | None]:
        """After a round; and the oscillation that shows since, if one does. Two at least have to be there."""
        if len(self.where) < 2:
            return self, None
        found, signals = None, {}
        for target, count in self.counts().items():
            signal = self.signals.get(target) or Signal(self.step, 1.0, self.size)
            floor = max(0.5, self.floor * len(self.where))  # in members
            signal, seen = changed(signal, floor=floor).after(float(count))
            signals[target], found = signal, found or seen
        return changed(self, signals=signals), found

    def anew(self) -> Self:
        """After something was done about it."""
        return changed(self, signals={target: signal.anew() for target, signal in self.signals.items()})
