"""Timers that put a message into a mailbox when they are due (statement P-15)."""

import asyncio
from typing import Any

from cybernetic.runtime.flags import DEAD, DROP

SEND: Any = object()  # in place of a method: the message is for `receive`


class Timer:
    """A message waiting for its time."""

    __slots__ = ("_address", "_engine", "_every", "_handle", "_message", "_sender")

    def __init__(
        self, engine: Any, address: Any, every: float | None, message: tuple[Any, Any, Any], sender: Any
    ) -> None:
        self._engine, self._address, self._every = engine, address, every
        self._message, self._sender = message, sender
        self._handle: asyncio.TimerHandle | None = None

    @property
    def active(self) -> bool:
        """Whether it will still fire."""
        return self._handle is not None

    def cancel(self) -> float | None:
        """Stop it. Returns the seconds that were left, or None if it had fired or been cancelled already.

        A message that was delivered before stays in the mailbox.
        """
        handle, self._handle = self._handle, None
        if handle is None:
            return None
        handle.cancel()
        self._engine.timers.discard(self)
        return max(0.0, handle.when() - float(self._engine.loop.time()))

    def arm(self, when: float) -> None:
        """Fire at loop time `when`."""
        self._handle = self._engine.loop.call_at(when, self._due)
        self._engine.timers.add(self)

    def _due(self) -> None:
        handle, self._handle = self._handle, None
        self._engine.timers.discard(self)
        target = self._address._find()
        if target is not None and not target._flags & DEAD:
            method, args, kwargs = self._message
            fn = target._protocol.cls.receive if method is SEND else target._resolve(method)
            target.put((due, (fn, args, kwargs or {}), None, self._sender, None))
        lasting = self._address._lasting() or (target is not None and not target._flags & DEAD)
        if self._every is not None and handle is not None and lasting:
            self.arm(handle.when() + self._every)


def due(agent: Any, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run in the agent: what a timer carried. Bounded mailboxes never drop it."""
    return fn(agent, *args, **kwargs)


def start_timer(
    engine: Any, address: Any, seconds: float, every: float | None, message: tuple[Any, Any, Any]
) -> Timer:
    """Start a timer that delivers `message` to `address` in `seconds`, and every `every` seconds after that."""
    if message[0] is not SEND:
        address._resolve(message[0])
    if engine.transfer is not None:
        copy = engine.transfer
        message = (
            message[0],
            copy(message[1], "arguments"),
            copy(message[2], "keywords") if message[2] else None,
        )
    sender = engine.sends(address, "send" if message[0] is SEND else message[0], message[1])
    timer = Timer(engine, address, every, message, sender)
    if sender is not DROP:
        timer.arm(engine.loop.time() + seconds)
    return timer
