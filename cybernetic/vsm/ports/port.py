"""What a viable system declares of a way into its environment."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cybernetic.core import OptionError, Refusal, number, seconds, whole
from cybernetic.vsm.bargain.budget import Rate
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.checks import word
from cybernetic.vsm.world.outage import Outage
from cybernetic.wire import travels

_log = logging.getLogger("cybernetic.vsm")


@travels(name="vsm.RateLimited")
class RateLimited(Refusal):
    """Raise it in what a port calls when the other side says "too many": HTTP's 429.

    `use` tries again as the port says, and raises it when that was of no use.

    Args:
        retry_after: seconds it asks to wait, also infinite. What is unreasonable is capped, and below 0 (a date that
            has passed), or no number at all, it is 0.
    """

    def __init__(self, retry_after: float = 0.0) -> None:
        super().__init__(f"too many requests; wait {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Port:
    """A declared way into the environment, used by `Operation.use`.

    Args:
        rate: what the other side takes from all units together; system 2 paces to it. None: no limit is known; should
            the other side say "too many" after all, system 2 opens a queue for all units, and finds the rate by trying.
        cost: what a result took, `cost(value) -> Cost`. Default None: the upper bound that was reserved. What it
            raises, or gives that is no cost, is in the log, and the upper bound counts until a bill comes (`billed`).
        failed: what a call took that raised, `failed(error) -> Cost`: `lambda error: Cost()` where nobody bills it.
            Default None: the upper bound, for nobody knows.
        timeout: seconds after which a call is given up, its outcome unknown, > 0. Default 60. A plain function runs in
            a thread, which goes on to its end when it is given up.
        tries: how often a call that was rate limited is made in all, >= 1. Default 5.
        refused: for what raises errors of its own when it is rate limited: `refused(error)` is the seconds to wait,
            None for any other error. Default None: only `RateLimited` is understood. What it raises is in the log, and
            the error is then any other; so is what it gives that is no number of seconds >= 0, which is then 0.
        group: the name of what it is one of: ports of one group are equivalent, and an operation asks which of them to
            use (`choose`). Default None: it is like no other.
        outage: when what is behind it is taken for out: all units that share a world leave it alone then. Default None:
            never.
        repeats: so many equal calls in one task are a loop: the next is refused with `Stuck`, >= 1. Default 5.
        shared: its calls only look something up, so equal ones of all units may be one: what a call came to is the
            answer to whoever wants the same while it is made, and for so many seconds after it, >= 0. Who makes it pays
            for it, the others pay nothing. Equal are calls of the same function (one that is found in its module by
            its name, or the same one of this process: all of the script itself, methods of the same object, and
            agents by name, are known on one node only), with equal arguments and `key`. Arguments and results that
            could not travel are not shared, nor is what bears a `fence`, or a task that is done again because audits
            found it false.
            Default None: each call is made.

    Raises `OptionError`.
    """

    rate: Rate | None = None
    cost: Callable[[Any], Vector] | None = None
    failed: Callable[[BaseException], Vector] | None = None
    timeout: float = 60.0
    tries: int = 5
    refused: Callable[[BaseException], float | None] | None = None
    repeats: int = 5
    group: str | None = None
    outage: Outage | None = None
    shared: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and not isinstance(self.rate, Rate):
            raise OptionError("rate", "a Rate or None", self.rate)
        for name in ("cost", "failed", "refused"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise OptionError(name, "a function or None", getattr(self, name))
        number("timeout", self.timeout, above=0)
        if self.outage is not None and not isinstance(self.outage, Outage):
            raise OptionError("outage", "an Outage or None", self.outage)
        if self.shared is not None:
            number("shared", self.shared, least=0)
        whole("tries", self.tries, least=1)
        whole("repeats", self.repeats, least=1)
        if self.group is not None:
            word("group", self.group)

    @property
    def counts(self) -> bool:
        """Whether a call may take something that is only known after it."""
        return self.cost is not None or self.failed is not None

    def wait(self, error: BaseException) -> float | None:
        """The seconds to wait before the next try where `error` says "too many"; None where it says something else."""
        if isinstance(error, RateLimited):
            return _seconds(error.retry_after)
        if self.refused is None:
            return None
        try:
            wait = self.refused(error)
        except Exception as mistake:
            _log.warning("cannot tell whether %r is a refusal", error, exc_info=mistake)
            return None
        return None if wait is None else _seconds(wait)


def _seconds(said: object) -> float:
    """How long the other side asks to wait: it may say anything."""
    try:
        return seconds("retry_after", said) or 0.0
    except OptionError as error:
        _log.warning("a refusal: %s", error)
        return 0.0
