"""Which tasks are audited: decided by a keyed hash after the task is done, so that no unit can foresee it."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, log1p

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import entry, instance, mapping, share, word

_SECRET_BYTES = 16
_MOST = 10**18  # inspections: more have too many digits to be written


@dataclass(frozen=True, slots=True)
class Sampler:
    """A keyed lottery over completed tasks. The same secret and task give the same answer, on any node.

    `secret` (bytes, at least 16) never leaves the auditor and is not shown; `base` (0 to 1) is the
    probability for a unit of risk 1 without gap; `kappa` (>= 0) says how strongly a gap raises it. Ask it
    only after the task is complete: the answer is fixed beforehand, but without the secret it cannot be told
    from chance. Raises `OptionError`.
    """

    secret: bytes = field(repr=False)
    base: float = 0.05
    kappa: float = 10.0

    def __post_init__(self) -> None:
        if not isinstance(self.secret, bytes) or len(self.secret) < _SECRET_BYTES:
            got = (
                f"{len(self.secret)} bytes" if isinstance(self.secret, bytes) else type(self.secret).__name__
            )
            raise OptionError("secret", f"at least {_SECRET_BYTES} bytes", got)
        share("base", self.base)
        number("kappa", self.kappa, least=0)

    def probability(self, risk: float = 1.0, gap: float = 0.0) -> float:
        """The chance of an audit, p = min(1, base * risk * (1 + kappa * gap)).

        `risk` (>= 0) weighs the kind of task; `gap` (0 to 1) is the part of this unit's audited successes
        that were false. Raises `OptionError`.
        """
        number("risk", risk, least=0)
        return min(1.0, self.base * risk * (1 + self.kappa * share("gap", gap)))

    def draw(self, task: str) -> float:
        """The lot of a task, uniform in [0, 1): the first 53 bits of HMAC-SHA256(secret, task)."""
        return _lot(self.secret, "task", word("task", task))

    def picks(self, task: str, probability: float) -> bool:
        """Whether the completed `task` is audited, at this `probability`. Raising it never unpicks a task."""
        return self.draw(task) < share("probability", probability)

    def inspection(self, path: str, count: int, rate: float) -> float:
        """Seconds from one surprise inspection of `path` to the next, exponential with `rate` per second (>
        0).

        `count` (0 to 10^18) counts the inspections, so each gap has a lot of its own. Poisson times give a unit no
        better guess after a quiet hour than before it. Raises `OptionError`.
        """
        if whole("count", count) > _MOST:
            raise OptionError("count", f"at most {_MOST}", count)
        lot = _lot(self.secret, "inspection", word("path", path), str(count))
        gap = -log1p(-lot) / number("rate", rate, above=0)
        if not isfinite(gap):
            raise OptionError(
                "rate", "inspections so often that a float holds the seconds between them", rate
            )
        return gap


def _lot(secret: bytes, *words: str) -> float:
    encoded = [word.encode(errors="surrogatepass") for word in words]
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in encoded)
    digest = hmac.digest(secret, message, hashlib.sha256)
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)


@dataclass(frozen=True, slots=True)
class AuditLoad:
    """What auditing one unit would mean per period: its wished `probability` (0 to 1), `tasks` (>= 0) and
    `cost` per audit (>= 0).
    """

    probability: float
    tasks: float
    cost: float

    def __post_init__(self) -> None:
        share("probability", self.probability)
        number("tasks", self.tasks, least=0)
        number("cost", self.cost, least=0)


def within_grant(units: Mapping[str, AuditLoad], grant: float) -> dict[str, float]:
    """The audit probabilities that keep the expected cost, the sum of p * tasks * cost, within `grant` (>=
    0).

    If the wishes fit they stand; else all are scaled by one factor, so their proportions, which carry the
    risk, stay. Raises `OptionError`.
    """
    number("grant", grant, least=0)
    wished = 0.0
    for name, unit in mapping("units", units).items():
        instance(entry("units", name), unit, AuditLoad)
        wished += unit.probability * unit.tasks * unit.cost
        if not isfinite(wished):
            raise OptionError(
                entry("units", name), "tasks and cost whose products have a sum that is finite", unit
            )
    factor = min(1.0, grant / wished) if wished > 0 else 1.0
    return {name: unit.probability * factor for name, unit in units.items()}
