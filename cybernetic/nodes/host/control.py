"""What the user's process, the warden and the supervisor of nodes say to each other. Values in, bytes out, and back."""

import signal
from dataclasses import asdict
from enum import IntEnum
from typing import Any

from cybernetic.nodes.host.port import BY_ITSELF, ON_REQUEST, NodeEnded, NodeOrder, NodeUp
from cybernetic.supervision import Limits
from cybernetic.wire import Codec, FrameReader, pack_frame

SOCKET = "control"  # of the user's process, in the run's directory


class Kind(IntEnum):
    """What a frame says."""

    SETUP = 1  # to the warden: where the run is, its key, its modules
    FAILED = 2  # from the warden: it could not start; why
    HELLO = 3  # from the supervisor: it is ready
    CREATE = 4  # to the supervisor, as the next two
    END = 5
    KILL = 6
    UP = 7  # from the supervisor, as the next
    ENDED = 8


class Talk:
    """One end of a stream of frames."""

    def __init__(self) -> None:
        self._codec = Codec()
        self._reader = FrameReader(kinds=[kind.value for kind in Kind])

    def pack(self, kind: Kind, body: dict[str, Any]) -> bytes:
        """The bytes that say `body`."""
        return pack_frame(kind, self._codec.encode(body))

    def feed(self, data: bytes) -> list[tuple[Kind, dict[str, Any]]]:
        """What `data` completes. Raises `WireError` for what is no such talk."""
        return [(Kind(kind), self._codec.decode(payload)) for kind, payload in self._reader.feed(data)]


def order_body(order: NodeOrder) -> dict[str, Any]:
    """An order as what can be packed."""
    return {
        "name": order.name,
        "incarnation": order.incarnation,
        "program": order.program,
        "settings": order.settings,
        "limits": asdict(order.limits),
    }


def read_order(body: dict[str, Any]) -> NodeOrder:
    """The order in a body."""
    return NodeOrder(
        body["name"], body["incarnation"], body["program"], body["settings"], Limits(**body["limits"])
    )


def read_news(kind: Kind, body: dict[str, Any]) -> NodeUp | NodeEnded:
    """The news in a body of kind `UP` or `ENDED`."""
    return NodeUp(**body) if kind is Kind.UP else NodeEnded(**body)


def how_it_ended(status: int | None, killed: bool = False) -> str:
    """In words: how a process ended whose exit status, negative for a signal, is `status`; None: not known.

    `killed`: we ended it ourselves.
    """
    if killed:
        return ON_REQUEST
    if status is None:
        return "its process ended, how is not known"
    if status == 0:
        return BY_ITSELF
    if status == 1:
        return "its program failed (exit status 1); standard error tells"
    if status > 0:
        return f"its process ended with exit status {status}"
    if -status == signal.SIGXCPU:
        return "it used up its limit of processor time (SIGXCPU)"
    return f"it was ended by {_signal_name(-status)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
