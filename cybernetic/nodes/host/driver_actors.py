"""The Thespian actors: a supervisor without threads that makes, watches and ends nodes, and the nodes themselves."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from thespian.actors import Actor, ActorExitRequest, ThespianWatch, WakeupMessage, WatchMessage

from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.control import SOCKET, Kind, Talk, how_it_ended, read_order
from cybernetic.nodes.host.driver_limits import Held
from cybernetic.nodes.host.driver_process import Lineage, adopt_orphans, give_up, report
from cybernetic.nodes.host.driver_program import Context, find
from cybernetic.nodes.host.port import NodeOrder
from cybernetic.nodes.host.processes import end_orphans

TICK = timedelta(seconds=0.5)  # how often the supervisor looks for itself, should a notice be lost
LINEAGE: list[Lineage] = []  # the one the warden made; forked along
LOGGING = logging.root, logging.Logger.manager  # as they are before Thespian puts its own in their place


@dataclass(frozen=True, slots=True)
class Boot:
    """To the supervisor: where the run is."""

    directory: str


@dataclass(frozen=True, slots=True)
class Begin:
    """To a node: what to be. Thespian prints its messages now and then, so this says its name alone."""

    order: NodeOrder = field(repr=False)
    directory: str
    modules: list[str] = field(repr=False)
    cwd: str

    def __str__(self) -> str:
        return f"Begin {self.order.name}"


@dataclass(frozen=True, slots=True)
class Ready:
    """From a node: its program is ready."""

    name: str
    incarnation: int
    address: str


@dataclass(slots=True)
class Made:
    """A node as its supervisor knows it: its actor's address, its process, its limits."""

    address: Any
    process: Any
    held: Held
    killed: bool = False


class Sup(Actor):  # type: ignore[misc]
    """Makes nodes by order of the user's process, tells of their ends. Should it fail, it ends: all nodes with it."""

    def __init__(self) -> None:
        super().__init__()
        self._control: socket.socket | None = None
        self._talk = Talk()
        self._directory = ""
        self._nodes: dict[tuple[str, int], Made] = {}
        self._bereft = False  # a node has ended, which may have left processes

    def receiveMessage(self, message: Any, sender: Any) -> Any:  # noqa: N802 (Thespian's name)
        """Handle one message; whatever it is, ends of nodes are noticed, and the socket is watched on."""
        try:
            if isinstance(message, Boot) and self._control is None:
                self._boot(message)
            elif isinstance(message, WatchMessage):
                self._hear()
            elif isinstance(message, Ready):
                self._up(message)
            elif isinstance(message, WakeupMessage):
                self.wakeupAfter(TICK)
            self._notice_ends()
        except Exception:
            give_up()
        return ThespianWatch([self._control.fileno()]) if self._control else None

    def _boot(self, boot: Boot) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._directory = boot.directory
        adopt_orphans()
        self._control = socket.socket(socket.AF_UNIX)
        try:
            self._control.connect(str(Path(boot.directory) / SOCKET))
        except (
            ConnectionRefusedError,
            FileNotFoundError,
        ):  # nobody wants it any more: the warden is about to end
            os._exit(0)
        self._control.setblocking(False)
        LINEAGE[0].sockets.append(self._control)
        self._tell(Kind.HELLO, {})
        self.wakeupAfter(TICK)

    def _tell(self, kind: Kind, body: dict[str, Any]) -> None:
        # At most two for each order it sent: if they do not fit, it has not read for thousands of them.
        assert self._control is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # reading will tell
            self._control.sendall(self._talk.pack(kind, body))

    def _hear(self) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(2**20)
        except BlockingIOError:  # a watch may tell twice
            return
        except ConnectionResetError:
            data = b""
        if not data:
            os._exit(0)  # the user's process has gone: the nodes die with this one, the warden ends the rest
        for kind, body in self._talk.feed(data):
            if kind is Kind.CREATE:
                self._create(body)
            elif made := self._nodes.get((body["name"], body["incarnation"])):
                self._end(made) if kind is Kind.END else self._kill(made)

    def _create(self, body: dict[str, Any]) -> None:
        order = read_order(body)
        try:
            held = Held(order.limits)
        except HostFailed as error:
            self._ended(order.name, order.incarnation, f"it could not be made: {error}")
            return
        try:
            address = self.createActor(Node)
        except OSError as error:
            held.release()
            self._ended(order.name, order.incarnation, f"it could not be made: {error}")
            return
        process = self._myRef._child_procs[-1].childProc
        made = self._nodes[order.name, order.incarnation] = Made(address, process, held)
        try:
            held.apply(process.pid)
        except HostFailed as error:
            self._kill(made)
            self._nodes.pop((order.name, order.incarnation))
            self._ended(order.name, order.incarnation, f"it could not be made: {error}")
            return
        self.send(address, Begin(order, self._directory, body["modules"], body["cwd"]))

    def _end(self, made: Made) -> None:
        self.send(made.address, ActorExitRequest(recursive=False))

    def _kill(self, made: Made) -> None:
        if made.process.is_alive():  # not yet reaped, so the number is still its own
            made.killed = True
            os.kill(made.process.pid, signal.SIGKILL)

    def _up(self, ready: Ready) -> None:
        if made := self._nodes.get((ready.name, ready.incarnation)):
            body = {"name": ready.name, "incarnation": ready.incarnation, "address": ready.address}
            self._tell(Kind.UP, body | {"pid": made.process.pid})

    def _notice_ends(self) -> None:
        """Tell of nodes whose process has ended: once, however often Thespian tells us. End what they have left."""
        for (name, incarnation), made in list(self._nodes.items()):
            if not made.process.is_alive():
                del self._nodes[name, incarnation]
                self._bereft = True
                made.held.release()
                self._ended(name, incarnation, how_it_ended(made.process.exitcode, made.killed))
        if self._bereft:
            self._bereft = end_orphans(but={each.childProc.pid for each in self._myRef._child_procs})

    def _ended(self, name: str, incarnation: int, how: str) -> None:
        self._tell(Kind.ENDED, {"name": name, "incarnation": incarnation, "how": how})


class Node(Actor):  # type: ignore[misc]
    """Runs a program on an event loop in a thread; its main thread stays Thespian's, which nothing waits for."""

    def __init__(self) -> None:
        super().__init__()
        _ordinary_signals()
        logging.root, logging.Logger.manager = LOGGING
        logging.Logger.root = LOGGING[0]
        self._sup: Any = None
        self._begin: Begin | None = None
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._addresses: list[str] = []
        self._running: Running | None = None

    def receiveMessage(self, message: Any, sender: Any) -> Any:  # noqa: N802 (Thespian's name)
        """Begin, say that the program is ready, or end."""
        try:
            if isinstance(message, Begin) and self._running is None:
                self._start(message, sender)
            elif isinstance(message, WatchMessage):
                self._pass_on()
            elif isinstance(message, ActorExitRequest) and self._running is not None:
                self._running.end()  # does not come back: the process ends with the program
        except Exception:
            give_up()
        return ThespianWatch([self._bell.fileno()])

    def _start(self, begin: Begin, sup: Any) -> None:
        self._sup, self._begin = sup, begin
        sys.path[:] = begin.modules
        os.chdir(begin.cwd)
        self._running = Running(begin, self._up)

    def _up(self, address: str) -> None:
        """In the loop's thread: have the main thread say so, for only there may actors send."""
        self._addresses.append(address)
        self._ring.send(b"\0")

    def _pass_on(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)
        while self._addresses and self._begin is not None:
            order = self._begin.order
            self.send(self._sup, Ready(order.name, order.incarnation, self._addresses.pop(0)))


class Running:
    """A program that runs in a thread of its own until the process ends, which it does with the program."""

    def __init__(self, begin: Begin, up: Any) -> None:
        self._begin, self._up = begin, up
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context: Context | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=begin.order.name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ask the program to end, and wait for it, which is for the end of the process."""
        self._started.wait()
        if self._loop is not None and self._context is not None:
            self._loop.call_soon_threadsafe(self._context.ending.set)
        self._thread.join()

    def _run(self) -> None:
        status = 0
        try:
            asyncio.run(self._main())
        except BaseException:
            status = 1
            order = self._begin.order
            report(f"node {order.name}, incarnation {order.incarnation}, failed\n{traceback.format_exc()}")
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(status)

    async def _main(self) -> None:
        order = self._begin.order
        context = Context(
            order.name, order.incarnation, order.settings, Path(self._begin.directory), self._up
        )
        self._loop, self._context = asyncio.get_running_loop(), context
        self._started.set()
        await find(order.program)(context)


def _ordinary_signals() -> None:
    """Undo Thespian's handlers: with one for SIGSEGV a process that faults spins for ever instead of ending.

    Ctrl-C is for the user's process alone to hear, which then ends its nodes.
    """
    ignored = {signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ}
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
