"""Runs workload i by Thespian's `multiprocTCPBase`.

It listens on every interface and unpickles what arrives, so this is for a network namespace of its own, where
there is but loopback, and for a process namespace, with which whatever Thespian leaves behind ends.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from thespian.actors import ActorSystem

from benchmarks import harness
from benchmarks.harness import CALLERS, Bench, now, twice
from benchmarks.peers.thespian_tcp.actors import BURST, Caller, Receiver, Sender

PATIENCE = 120.0  # seconds for one answer
MOST = 900  # messages sent at once: above 950 the sender is blocked, above 1,050 they are dropped
PORT = 1900  # in a network namespace of its own, it is free
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
QUIET = {
    "version": 1,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}},
    "root": {"level": "CRITICAL", "handlers": ["nowhere"]},
}


@contextmanager
def _system() -> Iterator[Any]:
    here = {"Admin Port": PORT, "Convention Address.IPv4": ("127.0.0.1", PORT)}
    system = ActorSystem("multiprocTCPBase", transientUnique=True, logDefs=QUIET, capabilities=here)
    try:
        yield system
    finally:
        system.shutdown()


async def cast(bench: Bench) -> None:
    """A burst at a time: the receiver asks for more."""
    bench.rate("i_cast", "msgs", *await _streamed(bench.n(2_000), bounded=True), window=BURST)


async def cast_burst(bench: Bench) -> None:
    """All from one handler, as many as are taken at once."""
    bench.rate("i_cast_burst", "msgs", *await _streamed(min(MOST, bench.n(2_000)), bounded=False))


async def _streamed(n: int, bounded: bool) -> tuple[int, float]:
    with _system() as system:
        receiver, sender = system.createActor(Receiver), system.createActor(Sender)

        async def once(n: int) -> float:
            _, seconds, seen = _heard(system.ask(sender, ("go", receiver, n, bounded), PATIENCE))
            assert seen == n, f"expected {n} messages to arrive, got {seen}"
            return float(seconds)

        return n, await twice(n, once)


async def call(bench: Bench) -> None:
    await _called(bench, "i_call", 1)


async def call_16(bench: Bench) -> None:
    await _called(bench, "i_call_16", CALLERS)


async def _called(bench: Bench, row: str, callers: int) -> None:
    with _system() as system:
        receiver = system.createActor(Receiver)
        asking = [system.createActor(Caller) for _ in range(callers)]

        async def once(n: int) -> tuple[float, list[float]]:
            began = now()
            for caller in asking:
                system.tell(caller, ("go", receiver, n))
            each = [one for _ in asking for one in _heard(system.listen(PATIENCE))[1]]
            return now() - began, each

        seconds, each = await twice(max(1, bench.n(2_000) // callers), once)
    bench.rate(row, "calls", len(each), seconds, callers=callers)
    bench.latency(row, each, callers=callers)


def _heard(answer: Any) -> Any:
    """What an actor answered. Raises `TimeoutError` and `TypeError`."""
    if answer is None:
        raise TimeoutError(f"expected an answer of an actor within {PATIENCE:g} s")
    if not isinstance(answer, tuple):
        raise TypeError(f"expected the answer of an actor, got {answer}")
    return answer


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


if __name__ == "__main__":
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        raise SystemExit("expected a network namespace of its own, with nothing but loopback")
    _loopback_up()
    os.environ["THESPIAN_BASE_IPADDR"] = "127.0.0.1"
    rows = {"i": (cast, cast_burst, call, call_16)}
    harness.main("thespian", f"thespian {version('thespian')}", rows)
