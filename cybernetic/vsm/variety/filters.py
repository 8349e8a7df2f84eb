"""Attenuators, amplifiers and transducers, with what they lose measured and not assumed."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import function, hashed, instance, share, word
from cybernetic.vsm.variety.entropy import fidelity, joint_counts, miller_madow

A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a stage did to a corpus: variety in and out (bits), the fidelity (0 to 1), items in and out.

    `missed` is the part of the injected faults of which nothing came out (0 to 1; None: no fault was
    injected, so nothing is known), out of `faults`. Raises `OptionError`.
    """

    h_in: float
    h_out: float
    fidelity: float
    items_in: int
    items_out: int
    missed: float | None
    faults: int

    def __post_init__(self) -> None:
        for name in ("h_in", "h_out"):
            number(name, getattr(self, name), least=0.0)
        share("fidelity", self.fidelity)
        for name in ("items_in", "items_out"):
            whole(name, getattr(self, name))
        if self.missed is not None:
            share("missed", self.missed)
        whole("faults", self.faults)

    def acceptable(self, most: float, *, faults: int = 20) -> bool:
        """Whether the miss rate was measured, on at least `faults` of them, and is `most` (0 to 1) or less.

        What was not measured is not acceptable. Raises `OptionError`.
        """
        share("most", most)
        return self.missed is not None and self.faults >= whole("faults", faults) and self.missed <= most


@dataclass(frozen=True)  # with slots `Attenuator[int, int](...)` fails in Python 3.11
class Attenuator(Generic[A, B]):
    """Takes variety away: `apply` turns a window of items into fewer, or coarser, ones (an average, a
    sample).

    `name` says which it is. It may stand in a pipeline only with a miss rate that was measured: `measure`.
    Raises `OptionError`.
    """

    name: str
    apply: Callable[[Sequence[A]], Sequence[B]]

    def __post_init__(self) -> None:
        word("name", self.name)
        function("apply", self.apply, "a function of a sequence")

    def measure(
        self,
        windows: Sequence[Sequence[A]],
        inject: Callable[[Sequence[A]], Sequence[A]] | None = None,
        alarming: Callable[[B], bool] | None = None,
    ) -> Measured:
        """What this attenuator does to `windows` (at least one, none empty).

        `inject` puts a fault into a window, `alarming` says whether an item that came out shows one: with
        both, the miss rate is the part of the windows whose injected fault showed nowhere. Raises
        `OptionError`.
        """
        for window in instance("windows", windows, Sequence):  # type: ignore[type-abstract]
            instance("windows", window, Sequence)  # type: ignore[type-abstract]
        for name, part in (("inject", inject), ("alarming", alarming)):
            if part is not None:
                function(name, part, "a function or None")
        if not windows or not all(windows):
            raise OptionError("windows", "at least one window, none of them empty", windows)
        ins = [_told_apart("windows", window) for window in windows]
        outs = [_told_apart("apply", self.apply(window)) for window in windows]
        missed = None
        if inject is not None and alarming is not None:
            faulty = [_told_apart("apply", self.apply(inject(window))) for window in windows]
            missed = sum(not any(alarming(item) for item in out) for out in faulty) / len(windows)
        joint = joint_counts(zip(ins, outs, strict=True))
        return Measured(
            _variety(item for window in ins for item in window),
            _variety(item for out in outs for item in out),
            fidelity(joint),
            sum(len(window) for window in windows),
            sum(len(out) for out in outs),
            missed,
            0 if missed is None else len(windows),
        )


@dataclass(frozen=True)  # as above
class Amplifier(Generic[A, B]):
    """Adds variety: `apply` turns one decision into many acts (a policy, a plan told to all, a delegation).

    `name` says which it is. `measure` says how many different acts it really makes. Raises `OptionError`.
    """

    name: str
    apply: Callable[[A], Sequence[B]]

    def __post_init__(self) -> None:
        word("name", self.name)
        function("apply", self.apply, "a function of one item")

    def measure(self, items: Sequence[A]) -> Measured:
        """What this amplifier makes of `items` (at least one). Raises `OptionError`."""
        if not instance("items", items, Sequence):  # type: ignore[type-abstract]
            raise OptionError("items", "at least one item", items)
        ins = _told_apart("items", items)
        outs = [_told_apart("apply", self.apply(item)) for item in ins]
        return Measured(
            _variety(ins),
            _variety(act for out in outs for act in out),
            fidelity(joint_counts(zip(ins, outs, strict=True))),
            len(items),
            sum(map(len, outs)),
            None,
            0,
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """How a boundary treated a corpus: `fidelity` (0 to 1), and counts of what was `unknown` or `truncated`
    there. Raises `OptionError`.
    """

    fidelity: float
    items: int
    unknown: int
    truncated: int

    def __post_init__(self) -> None:
        share("fidelity", self.fidelity)
        for name in ("items", "unknown", "truncated"):
            whole(name, getattr(self, name))

    def enough(self, loss: float) -> bool:
        """Whether at most `loss` (0 to 1) of the variety was lost: Beer's third principle. Raises
        `OptionError`.
        """
        return self.fidelity >= 1 - share("loss", loss)


@dataclass(frozen=True)  # as above
class Transducer(Generic[A, B]):
    """Carries items over a boundary in another form: `encode` on this side, `decode` on that.

    An `encode` that raises `LookupError` does not know the item; what arrives as None was cut off. Both are
    lost variety and are counted. Raises `OptionError`.
    """

    name: str
    encode: Callable[[A], B]
    decode: Callable[[B], Hashable]

    def __post_init__(self) -> None:
        word("name", self.name)
        for part in ("encode", "decode"):
            function(part, getattr(self, part), "a function of one item")

    def measure(self, corpus: Sequence[A]) -> Carried:
        """What of a `corpus` (at least one item) gets over the boundary. Raises `OptionError`."""
        if not instance("corpus", corpus, Sequence):  # type: ignore[type-abstract]
            raise OptionError("corpus", "at least one item", corpus)
        sent = _told_apart("corpus", corpus)
        arrived = _told_apart("decode", [self._carry(item) for item in sent])
        pairs = zip(sent, arrived, strict=True)
        return Carried(
            fidelity(joint_counts(pairs)), len(corpus), arrived.count(_UNKNOWN), arrived.count(None)
        )

    def _carry(self, item: A) -> Hashable:
        try:
            return self.decode(self.encode(item))
        except LookupError:
            return _UNKNOWN


_UNKNOWN = object()


def _told_apart(name: str, items: Iterable[A]) -> tuple[A, ...]:
    """Items that differ by their hashes. Raises `OptionError` that names where they came from."""
    return tuple(hashed(name, item) for item in instance(name, items, Iterable))  # type: ignore[type-abstract]


def _variety(items: Iterable[Hashable]) -> float:
    counts: dict[Hashable, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return miller_madow(counts).bits if counts else 0.0
