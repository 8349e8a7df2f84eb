"""Whether the other end is alive, decided from when it was heard. Pure: times in, a verdict out."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known of a peer's life. Times are the event loop's, in seconds.

    Attributes:
        heard: when something last came from it, or the time that our own delays have moved this to.
        checked: when this was last looked at.
        lagging: whether it was said to lag.
    """

    heard: float
    checked: float
    lagging: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do: `beat` send one; `lagging` say that the peer lags, for the first time; `dead` it is lost.

    `silent` is for how many seconds nothing was heard, our own delays left out.
    """

    beat: bool
    lagging: bool
    dead: bool
    silent: float


def check(
    pulse: Pulse, now: float, heard: float, sent: bool, *, interval: float, lag: float, dead_after: float
) -> tuple[Pulse, Verdict]:
    """Look at a peer: the new pulse, and what to do.

    A look that comes more than one interval late shows that our own loop was held: what came meanwhile may lie
    unread, so that time does not count as the peer's silence.

    Args:
        pulse: what the last look returned.
        now: the time.
        heard: when something last came from the peer.
        sent: whether anything was sent since the last look.
        interval: seconds between looks.
        lag: seconds of silence after which a peer lags.
        dead_after: seconds of silence after which it is lost.
    """
    anew = heard > pulse.heard
    last = max(heard, pulse.heard)
    late = now - pulse.checked - interval
    if late > interval:
        last = min(last + late, now)
    silent = now - last
    lagging = silent >= lag
    verdict = Verdict(not sent, lagging and (anew or not pulse.lagging), silent >= dead_after, silent)
    return replace(pulse, heard=last, checked=now, lagging=lagging), verdict
