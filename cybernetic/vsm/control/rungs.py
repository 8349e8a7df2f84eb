"""How far system 3 goes: one rung at a time, only where a breach stands and the rung before did not help."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cybernetic.vsm.operations.messages import Intervention, Rung
from cybernetic.wire import travels

WORTH = "worth"  # the index of a unit whose spending is worth half of what it was


@travels(name="vsm.Breach")
@dataclass(frozen=True, slots=True)
class Breach:
    """An `index` of a unit is out of bounds, since when (seconds), and how far system 3 has gone because of it.

    `until`: when the rung lapses, seconds; `rung` None: it has done nothing yet.
    """

    index: str
    why: str
    since: float
    rung: Rung | None = None
    until: float = 0.0


def outside(index: str) -> str:
    """Why there is a breach."""
    return f"{index} is outside its limits"


def climb(
    breach: Breach | None, standing: Mapping[str, str], now: float, term: float, last: Rung
) -> tuple[Breach | None, Intervention | None]:
    """What is to be done about a unit at `now`: its breach after it, and the intervention, if there is to be one.

    As long as a rung stands nothing more is done. When it has lapsed, and what it was for is over, so is the breach: a
    new one begins at the first rung. Where it is not over, the rung did not help, and the next follows.

    Args:
        breach: that which something was done about before; None: there was none.
        standing: why, by index, of all that is out of bounds now.
        now: seconds.
        term: for how long a rung stands, seconds > 0.
        last: the rung beyond which it does not go; it is renewed.
    """
    if breach is not None and now < breach.until:
        return breach, None
    if breach is None or breach.index not in standing:
        if not standing:
            return None, None
        index = min(standing)
        breach = Breach(index, standing[index], now)
    rung = Rung.ADVISE if breach.rung is None else Rung(min(breach.rung + 1, last))
    until = now + term
    after = Breach(breach.index, standing[breach.index], breach.since, rung, until)
    return after, Intervention(rung, f"{breach.index}: {after.why}", until, breach.index)


def renewed(
    breach: Breach, one: Intervention, standing: Mapping[str, str], now: float, term: float
) -> tuple[Breach, Intervention] | None:
    """The breach and the intervention `one`, for another term from `now` on, where a unit is taken out because of that:
    before it lapses, as what stands in a unit does not change while that is out. None: it is too early or too late for
    that, or it is no such intervention, or what it was for is over.
    """
    out = one.rung is Rung.DISSOLVE and (breach.rung, breach.index) == (one.rung, one.index)
    if not out or one.index not in standing or not one.until - term / 2 <= now < one.until:
        return None
    return replace(breach, until=now + term), replace(one, until=now + term)
