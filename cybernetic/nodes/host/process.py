"""Nodes as processes, from the side of the user's process: it starts a warden, and talks with the supervisor of nodes.

The tree of processes, each of which dies with the one before: user's process, warden, Thespian's admin, then the
logger and the supervisor, then the nodes. It forks none of them itself: the warden is a fresh interpreter.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cybernetic.core import OptionError
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.control import SOCKET, Kind, Talk, order_body, read_news
from cybernetic.nodes.host.port import HostEnded, News, NodeEnded, NodeOrder
from cybernetic.nodes.host.processes import RUN, end_marked, parent
from cybernetic.nodes.host.rundir import RunDirectory, make, sweep
from cybernetic.wire import WireError

QUIETLY = "cybernetic.nodes.host.quietly"
THESPIAN = "cybernetic.nodes.host.driver_thespian"
OPEN_SECONDS = 30.0  # for a machine under load; usually it takes half a second
CLOSE_SECONDS = 2.0  # before nodes that do not end are ended by force
BURY_SECONDS = 3.0  # before the warden itself is
LOOK_SECONDS = 0.005  # between looks whether the warden has ended

Key = tuple[str, int]


class ProcessHost:
    """Fulfils `Host` with a process for each node.

    Args:
        name: of the system, part of its directory's name.
        base: where the run's directory is made; see `rundir.base_directory`.
        driver: the module to run as the warden.
    """

    in_memory = False

    def __init__(self, name: str, base: Path | None = None, driver: str = THESPIAN) -> None:
        self._name, self._base, self._driver = name, base, driver
        self._run: Run | None = None
        self._burial: asyncio.Task[None] | None = None

    @property
    def directory(self) -> Path:
        """The run's own directory. Raises `HostFailed` when it is not open."""
        return self._open_run().place.path

    async def open(self, told: Callable[[News], object]) -> None:
        """Begin: about half a second. Raises `HostFailed` if it is open, or cannot be opened; the text says why."""
        if self._run is not None:
            raise HostFailed("expected a host that is closed, got: one that is open")
        await self._buried()
        for left in sweep(self._base):
            await _end_marked(left.path)
        run = self._run = Run(make(self._name, self._base), told, self._failed)
        try:
            await run.start(self._driver)
        except BaseException:
            self._run = None
            await run.bury()
            raise

    def create(self, order: NodeOrder) -> None:
        """Make a node. Raises `OptionError` for one that runs, `HostFailed` when not open."""
        self._open_run().create(order)

    def end(self, name: str, incarnation: int) -> None:
        """Ask a node to end."""
        if self._run is not None:
            self._run.ask(Kind.END, (name, incarnation))

    def kill(self, name: str, incarnation: int) -> None:
        """End a node at once."""
        if self._run is not None:
            self._run.ask(Kind.KILL, (name, incarnation))

    async def close(self) -> None:
        """End all nodes, then every process of this host; its directory goes too."""
        run = self._run
        if run is not None:
            await run.end_nodes()
            if self._run is run:
                self._run = None
                await run.bury()
                run.tell_all_ended("it did not end within 2 seconds, and was killed")
        await self._buried()

    def _open_run(self) -> "Run":
        if self._run is None:
            raise HostFailed("expected a host that is open, got: one that is not")
        return self._run

    def _failed(self, how: str) -> None:
        run, self._run = self._run, None
        if run is not None:
            self._burial = asyncio.get_running_loop().create_task(run.bury())
            run.tell_all_ended(f"its host failed: {how}")
            run.told(HostEnded(how))

    async def _buried(self) -> None:
        burial, self._burial = self._burial, None
        if burial is not None:
            await burial


class Run:
    """A host from its opening to its end: its directory, its warden, its supervisor, its nodes."""

    def __init__(
        self, place: RunDirectory, told: Callable[[News], object], failed: Callable[[str], None]
    ) -> None:
        self.place, self.told, self._failed = place, told, failed
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._server: asyncio.Server | None = None
        self._warden: subprocess.Popen[bytes] | None = None
        self._link = Wire(self._from_warden, lambda: self._lost("its warden has ended"))
        self._control: Wire | None = None
        self._nodes: set[Key] = set()
        self._empty = asyncio.Event()
        self._over = False

    async def start(self, driver: str) -> None:
        """Start the warden, and wait for the supervisor's word. Raises `HostFailed`."""
        self._server = await self._loop.create_unix_server(self._called, str(self.place.path / SOCKET))
        ours, theirs = socket.socketpair()
        with theirs:
            self._warden = _start_warden(driver, theirs.fileno(), self.place)
        await self._loop.create_unix_connection(lambda: self._link, sock=ours)
        self._link.say(
            Kind.SETUP,
            {
                "parent": os.getpid(),
                "directory": str(self.place.path),
                "key": secrets.token_bytes(32),
                "modules": sys.path,
                "pythonpath": os.environ.get("PYTHONPATH"),
            },
        )
        try:
            await asyncio.wait_for(self._ready, OPEN_SECONDS)
        except TimeoutError:
            raise HostFailed(f"expected a host within {OPEN_SECONDS:g} s, got: silence") from None

    def create(self, order: NodeOrder) -> None:
        """Send an order on."""
        key = (order.name, order.incarnation)
        if key in self._nodes:
            raise OptionError(
                "order", "a node that does not run", f"{order.name}, incarnation {order.incarnation}"
            )
        self._say(Kind.CREATE, order_body(order) | {"modules": sys.path, "cwd": os.getcwd()})
        self._nodes.add(key)
        self._empty.clear()

    def ask(self, kind: Kind, key: Key) -> None:
        """Say something about a node, if there is one."""
        if key in self._nodes:
            self._say(kind, {"name": key[0], "incarnation": key[1]})

    async def end_nodes(self) -> None:
        """Ask all nodes to end, and wait until they have, 2 seconds at most."""
        for key in self._nodes:
            self.ask(Kind.END, key)
        if self._nodes:
            try:
                await asyncio.wait_for(self._empty.wait(), CLOSE_SECONDS)
            except TimeoutError:
                return

    async def bury(self) -> None:
        """See that nothing is left: the warden ends all processes when its link is closed, then itself."""
        self._over = True
        if self._server is not None:
            self._server.close()
        if self._control is not None:
            self._control.close()
        self._link.close()
        if self._warden is not None:
            await self._wait_for(self._warden)
            if self._warden.returncode != 0:  # it could not end what was below it
                await _end_marked(self.place.path)
        self.place.remove()
        self.place.release()

    async def _wait_for(self, warden: "subprocess.Popen[bytes]") -> None:
        until = self._loop.time() + BURY_SECONDS
        while warden.poll() is None:
            if self._loop.time() >= until:
                warden.kill()
            await asyncio.sleep(LOOK_SECONDS)

    def tell_all_ended(self, how: str) -> None:
        """Tell the end of every node that is left."""
        nodes, self._nodes = sorted(self._nodes), set()
        self._empty.set()
        for name, incarnation in nodes:
            self.told(NodeEnded(name, incarnation, how))

    def _say(self, kind: Kind, body: dict[str, Any]) -> None:
        if self._control is not None:
            self._control.say(kind, body)

    def _called(self) -> "Wire":
        """Someone calls at the socket in the directory: only the supervisor has a reason to."""
        wire = Wire(self._from_supervisor, lambda: self._hung_up(wire), self._is_supervisor)
        return wire

    def _is_supervisor(self, pid: int, uid: int) -> bool:
        """Whether the warden made the process that made this one. A stranger is turned away before it is heard."""
        if self._warden is None or self._control is not None or uid != os.getuid():
            return False
        return parent(parent(pid)) == self._warden.pid

    def _hung_up(self, wire: "Wire") -> None:
        if wire is self._control:
            self._lost("its supervisor has ended")

    def _from_warden(self, wire: "Wire", kind: Kind, body: dict[str, Any]) -> None:
        if kind is Kind.FAILED and not self._ready.done():
            self._ready.set_exception(HostFailed(f"expected a host, got: {body['why']}"))

    def _from_supervisor(self, wire: "Wire", kind: Kind, body: dict[str, Any]) -> None:
        if kind is Kind.HELLO:
            self._control = wire
            if not self._ready.done():
                self._ready.set_result(None)
        elif wire is self._control and kind in (Kind.UP, Kind.ENDED):
            self._news(kind, body)

    def _news(self, kind: Kind, body: dict[str, Any]) -> None:
        news = read_news(kind, body)
        key = (news.name, news.incarnation)
        if key not in self._nodes:
            return
        if isinstance(news, NodeEnded):
            self._nodes.discard(key)
            if not self._nodes:
                self._empty.set()
        self.told(news)

    def _lost(self, how: str) -> None:
        if self._over:
            return
        if self._ready.done():
            self._failed(how)
        else:
            self._ready.set_exception(HostFailed(f"expected a host, got: {how}; standard error may tell why"))


class Wire(asyncio.Protocol):
    """A connection that carries the talk; `heard` is called for each frame, `lost` at its end.

    `admits`: asked with the process and the user at the other end, as the kernel has them; None: all are welcome.
    """

    def __init__(
        self,
        heard: Callable[["Wire", Kind, dict[str, Any]], None],
        lost: Callable[[], None],
        admits: Callable[[int, int], bool] | None = None,
    ) -> None:
        self._heard, self._lost, self._admits = heard, lost, admits
        self._talk = Talk()
        self._transport: asyncio.Transport | None = None

    def say(self, kind: Kind, body: dict[str, Any]) -> None:
        """Send a frame, if the connection stands."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._talk.pack(kind, body))

    def close(self) -> None:
        """End the connection, also where a forked child has inherited it: closing our end alone would not tell."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            transport.abort()

    def peer(self) -> tuple[int, int]:
        """The process and the user at the other end, from the kernel."""
        assert self._transport is not None
        found = self._transport.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
        pid, uid, _ = struct.unpack("3i", found)
        return pid, uid

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._admits is not None and not self._admits(*self.peer()):
            self.close()

    def data_received(self, data: bytes) -> None:
        """Asyncio's call. What is not our talk ends the connection."""
        try:
            for kind, body in self._talk.feed(data):
                self._heard(self, kind, body)
        except WireError:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Asyncio's call."""
        self._lost()


async def _end_marked(directory: Path) -> None:
    """Have no process be left of a run, so far as they can be told by their environment."""
    loop = asyncio.get_running_loop()
    until = loop.time() + BURY_SECONDS
    while end_marked(str(directory)) and loop.time() < until:
        await asyncio.sleep(LOOK_SECONDS)


def _start_warden(driver: str, link: int, place: RunDirectory) -> "subprocess.Popen[bytes]":
    """A fresh interpreter, in a session of its own, that finds the modules this one finds."""
    here = str(Path(__file__).resolve().parents[3])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", QUIETLY, driver, str(link), str(place.lock)],
        pass_fds=(link, place.lock),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), RUN: str(place.path)},
    )
