"""How far system 3 goes: one rung at a time, only where a breach stands and the rung before did not help."""

from collections.abc import Mapping
from dataclasses import dataclass

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
