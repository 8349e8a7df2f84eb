"""Makes the envelopes of one node: with ids, times, dots and stamps, which everything else here is given."""

from collections.abc import Callable

from cybernetic.core import token, wall
from cybernetic.gateways.envelope.dots import Dot
from cybernetic.gateways.envelope.envelope import Envelope, Extras
from cybernetic.state import Hlc

_BYTES = 16  # of ids and nonces


class Author:
    """Makes and renews envelopes. Their dots count from 1 in the order they are made.

    Args:
        node: the node's name.
        incarnation: which node of that name, unlike any before; by default a text that nobody can guess.
        now: the wall clock, seconds since 1970.
        fresh: gives a text unlike any before, for ids and nonces.
        clock: the node's hybrid logical clock; by default one of its own, from `now`.
    """

    __slots__ = ("_fresh", "_incarnation", "_made", "_node", "_now", "clock")

    def __init__(
        self,
        node: str,
        incarnation: str | None = None,
        *,
        now: Callable[[], float] = wall,
        fresh: Callable[[], str] = lambda: token(_BYTES),
        clock: Hlc | None = None,
    ) -> None:
        self._node, self._incarnation = node, incarnation or fresh()
        self._now, self._fresh = now, fresh
        self._made = 0
        self.clock = clock or Hlc(node, now)

    def write(
        self,
        type: str,
        source: str,
        payload: bytes = b"",
        *,
        cause: Envelope | None = None,
        answers: bool = False,
        priority: int | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        causes: tuple[Dot, ...] | None = None,
    ) -> Envelope:
        """A new message of `source`; what is not given is `Envelope.new`'s, `caused`'s or `reply`'s.

        `cause` is the message being handled, `answers` says that this one is the answer to it. Raises `OptionError`.
        """
        self._made += 1
        extras: Extras = {"dot": Dot(self._node, self._incarnation, self._made), "stamp": self.clock.tick()}
        if priority is not None:
            extras["priority"] = priority
        if traceparent is not None:
            extras["traceparent"], extras["tracestate"] = traceparent, tracestate
        if causes is not None:
            extras["causes"] = causes
        make = Envelope.new if cause is None else cause.reply if answers else cause.caused
        return make(type, source, payload, id=self._fresh(), now=self._now(), nonce=self._fresh(), **extras)

    def renew(self, envelope: Envelope, *, signer: str | None = None) -> Envelope:
        """The same message for another publish, now; `signer` is who publishes it, by default who did before."""
        return envelope.renewed(self._now(), self._fresh(), signer=signer)
