"""Starting the children of supervisors on the node that fits, be it made for them."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from cybernetic.core import (
    CallFailed,
    CannotTravel,
    Crash,
    CyberneticError,
    NoConnection,
    NoNode,
    NoProc,
    StartFailed,
    token,
)
from cybernetic.nodes.plan.placement import Candidate, NoFit, place
from cybernetic.nodes.remote.start import RemoteStart
from cybernetic.runtime import begin_child, protocol_of
from cybernetic.supervision import Child, Limits


class Alone:
    """What a system of a single process is asked: it becomes one of several when a child is to be isolated.

    Args:
        become: makes it one; returns its `Starts`.
    """

    def __init__(self, become: Callable[[], "Starts"]) -> None:
        self._become = become

    def begin(
        self, parent: Any, spec: Child[Any], args: tuple[Any, ...], shutdown: float | None, history: Any
    ) -> Any:
        """Begin the start of a child that is to be isolated. Raises `StartFailed` for one that names a node."""
        if spec.isolate is False:
            wanted = (
                "node, requires: expected a system of several nodes, such as System(nodes=2), got one process"
            )
            raise StartFailed(spec.agent.__name__, Crash("OptionError", wanted))
        return self._become().begin(parent, spec, args, shutdown, history)


class Starts:
    """What the runtime of a node asks when a child names a node, or what a node must offer."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: WeakSet[Any] = WeakSet()

    def begin(
        self, parent: Any, spec: Child[Any], args: tuple[Any, ...], shutdown: float | None, history: Any
    ) -> Any:
        """Begin the start of a child; returns its `Reply`. Raises `StartFailed` if there is no place for it."""
        start = RemoteStart(parent, protocol_of(spec.agent))
        if spec.name is not None and not isinstance(spec.name, str):
            why = "name: expected a string for a child that may run on another node, got: " + repr(spec.name)
            raise StartFailed(start.what, Crash("CannotTravel", why))
        if spec.isolate is not False:
            limits = spec.isolate if isinstance(spec.isolate, Limits) else Limits()
            task = asyncio.ensure_future(self._isolated(start, spec, args, shutdown, history, limits))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return start.reply
        chosen = place(str(spec.id), spec.node, spec.requires, self._candidates())
        if isinstance(chosen, NoFit):
            raise StartFailed(start.what, NoNode(str(chosen)))
        if chosen == self._cluster.name:
            return begin_child(parent, spec.cls, args, name=spec.name, shutdown=shutdown, history=history)
        self._start_on(self._cluster.peers[chosen], start, spec, args, shutdown, history)
        return start.reply

    def waits(self, note: Any) -> None:
        """A child waits for a node that fits; its supervisor tries again in a while, or when `note` is hurried."""
        self._waiting.add(note)

    def node_came(self) -> None:
        """There is a new node: it may be what some wait for."""
        notes, self._waiting = list(self._waiting), WeakSet()
        for note in notes:
            note.hurry()

    def close(self) -> None:
        """Give up what is still being prepared."""
        for task in tuple(self._tasks):
            task.cancel()

    def _candidates(self) -> list[Candidate]:
        return self._cluster.candidates()  # type: ignore[no-any-return]

    def _start_on(
        self, peer: Any, start: RemoteStart, spec: Child[Any], args: Any, shutdown: Any, history: Any
    ) -> None:
        """Ask a node for the start. Raises `StartFailed` for what cannot travel there."""
        cls, keywords = spec.cls, {}
        if isinstance(cls, partial):
            args, keywords, cls = (*cls.args, *args), cls.keywords, cls.func
        path = self._cluster.classes.path(protocol_of(cls))
        try:
            peer.start(start, (path, args, keywords, spec.name, shutdown, history))
        except CannotTravel as error:
            raise StartFailed(start.what, Crash.of(error)) from None

    async def _isolated(
        self,
        start: RemoteStart,
        spec: Child[Any],
        args: Any,
        shutdown: Any,
        history: Any,
        limits: Limits,
    ) -> None:
        """Have a node made for one agent, and start it there."""
        ticket = token(6)
        try:
            module = self._cluster.classes.path(start._protocol).partition(":")[0]
            start.abandoned = partial(self._cluster.unmake, ticket)
            node = await self._cluster.make_isolated(str(spec.id), limits, module, ticket)
            if start.given_up:
                return
            if start.parent.gone:
                start.give_up()
                return
            self._start_on(self._cluster.peers[node], start, spec, args, shutdown, history)
        except StartFailed as error:
            start.fail(error)
        except CallFailed as error:
            lost = isinstance(error.reason, NoConnection | NoProc)
            reason = NoNode(f"isolate: {error.reason}") if lost else Crash("HostFailed", str(error.reason))
            start.fail(StartFailed(start.what, reason))
        except (CyberneticError, KeyError) as error:
            start.fail(StartFailed(start.what, NoNode(f"no process could be made: {error}")))
