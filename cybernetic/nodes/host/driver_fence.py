"""Thespian's TCP base, fenced: it listens on loopback alone, and looks at nothing not signed with the run's key.

Version 4.0.1 and no other, since this reaches into its parts. What each measure is against:
the base listens on 0.0.0.0 and unpickles what anyone sends; it announces a frame's length without bound; the end
of its logger ends its admin (a slip in a name); its log is a file of a known name that anyone may have made before.

What a signature does not stop is a frame of this run that is sent again, to the same process or another. Who can:
root on this machine, as only root can record what passes on loopback; or the same user, who can trace our processes
and needs no such means. What it does: an end that was asked for may be asked of another node, or of Thespian as a
whole; a node or a supervisor that has begun takes no second beginning; old news of a node is of an incarnation that
is not there. Thespian's frames carry no data of agents. A run's key is its own: frames of another run are nothing.
"""

import hashlib
import hmac
import importlib.metadata
import os
import pickle
import select
import socket
import types
from pathlib import Path
from typing import Any

from thespian.system import multiprocCommon, utilis
from thespian.system.admin.adminCore import AdminCore
from thespian.system.multiprocTCPBase import ActorSystemBase
from thespian.system.transport import IPBase, TCPTransport, asyncTransportBase
from thespian.system.transport.streamBuffer import ReceiveBuffer, ackDataErrPacket, ackPacket

from cybernetic.core import InternalError
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.driver_process import die_with_parent

THESPIAN = "4.0.1"
LOOPBACK = "127.0.0.1"
MAX_FRAME = 32 * 2**20  # bytes
MAX_DIGITS = 20  # of a frame's length
MAX_PENDING = 500  # transmits at once; with Thespian's 20, one stopped peer soon blocks all the others
QUIET = {"version": 1, "handlers": {"none": {"class": "logging.NullHandler"}}, "root": {"handlers": ["none"]}}

_TAG = hashlib.sha256().digest_size
_PLAIN = {
    pickle.dumps(packet): packet for packet in (ackPacket, ackDataErrPacket)
}  # constants, sent unsigned


class Signed:
    """A serializer whose bytes carry an HMAC-SHA256, checked before anything is unpickled."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def dumps(self, value: Any) -> bytes:
        """The bytes of `value`, signed."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        return hmac.digest(self._key, data, "sha256") + data

    def loads(self, data: bytes) -> Any:
        """The value. Raises `ValueError` for what was not signed with the key."""
        if data in _PLAIN:
            return _PLAIN[data]
        if not hmac.compare_digest(hmac.digest(self._key, data[_TAG:], "sha256"), data[:_TAG]):
            raise ValueError("expected a frame signed with the key of this run, got: another")
        return pickle.loads(data[_TAG:])


class BoundedBuffer(ReceiveBuffer):  # type: ignore[misc]
    """Thespian's buffer, with a bound for what a peer may announce."""

    def addMore(self, buf: bytes) -> None:  # noqa: N802 (Thespian's name)
        """Take more bytes. Raises `ValueError` for a length that is none, or is out of bounds."""
        super().addMore(buf)
        if self._size is None and len(self._buf) > MAX_DIGITS:
            raise ValueError(f"expected the length of a frame, got: {self._buf[:MAX_DIGITS]!r}")
        if self._size is not None and not 0 <= self._size <= MAX_FRAME:
            raise ValueError(f"expected a frame of at most {MAX_FRAME} bytes, got: {self._size}")


class FencedTransport(TCPTransport.TCPTransport):  # type: ignore[misc]
    """A transport of our own, so that processes know each other's by name."""


class FencedAdmin(multiprocCommon.MultiProcAdmin):  # type: ignore[misc]
    """An admin that dies with the warden. Thespian forks it twice; the warden adopts it when its maker has gone."""

    warden = 0

    def __init__(self, *args: Any) -> None:
        while os.getppid() != FencedAdmin.warden:
            if os.getppid() == 1:
                os._exit(1)
            select.select([], [], [], 0.001)
        die_with_parent(FencedAdmin.warden)
        super().__init__(*args)

    @property
    def logDefs(self) -> Any:  # noqa: N802 (Thespian's name, where it says `logdefs` elsewhere)
        """How Thespian logs, for a logger that takes the place of one that ended."""
        return self.logdefs


class FencedBase(ActorSystemBase):  # type: ignore[misc]
    """The system base to use."""

    transportType = FencedTransport  # noqa: N815 (Thespian's name)


def arm(key: bytes, log: Path) -> None:
    """Fence Thespian in this process, and in those forked from it.

    Args:
        key: of this run, at least 32 bytes.
        log: the file for Thespian's own log, of 50 KB at most, twice.

    Raises `HostFailed` for another version of Thespian.
    """
    found = importlib.metadata.version("thespian")
    if found != THESPIAN:
        raise HostFailed(f"expected Thespian {THESPIAN}, which is what the fence was made for, got: {found}")
    if len(key) < _TAG:
        raise InternalError(f"expected a key of at least {_TAG} bytes, got: {len(key)}")
    FencedAdmin.warden = os.getpid()
    IPBase.IPActorAddress.__init__ = _loopback_address
    TCPTransport.serializer = Signed(key)
    TCPTransport.ReceiveBuffer = BoundedBuffer
    asyncTransportBase.MAX_PENDING_TRANSMITS = MAX_PENDING
    multiprocCommon.MultiProcAdmin = FencedAdmin
    AdminCore.logDefs = FencedAdmin.logDefs
    utilis._thesplog_file, utilis._thesplog_old_file = str(log), f"{log}.old"


def fenced_system() -> Any:
    """A new system of actors, on a free port."""
    capabilities = {"Admin Port": free_port(), "Process Startup Method": "fork"}
    return FencedBase(types.SimpleNamespace(capabilities=capabilities), QUIET)


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


_make_address = IPBase.IPActorAddress.__init__


def _loopback_address(
    self: Any, af: int, socktype: int, proto: int, baseaddr: Any, port: Any, external: Any = False
) -> None:
    """An address on loopback, whatever was asked for; no other host is asked which address is ours."""
    _make_address(self, af, socktype, proto, LOOPBACK, port, external)
    self.bindname = (LOOPBACK, self.bindname[1])
