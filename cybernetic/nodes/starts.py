"""Starting the children of supervisors on the node that fits, be it made for them."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakSet

from cybernetic.core import (
    AlreadyStarted,
    CallFailed,
    CannotTravel,
    Crash,
    CyberneticError,
    Killed,
    NoConnection,
    NoNode,
    NoProc,
    Refused,
    StartFailed,
    token,
)
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.plan.placement import Candidate, NoFit, place
from cybernetic.nodes.remote.start import RemoteStart, StartingHere
from cybernetic.runtime import begin_child, protocol_of
from cybernetic.supervision import Child, Limits

_log = logging.getLogger("cybernetic.nodes")

LINK_SECONDS = 10.0  # how long a process made on another host may take to be linked with this node


class Alone:
    """What a system of a single process is asked: it becomes one of several when a child is to be isolated.

    Args:
        me: what it offers.
        become: makes it one of several; returns its `Starts`.
    """

    def __init__(self, me: Member, become: Callable[[], "Starts"]) -> None:
        self._me, self._become = me, become

    def begin(
        self, parent: Any, spec: Child[Any], args: tuple[Any, ...], shutdown: float | None, history: Any
    ) -> Any:
        """Begin the start of a child. Raises `StartFailed` for one that wants what this process does not offer."""
        if spec.isolate is not False:
            return self._become().begin(parent, spec, args, shutdown, history)
        own = Candidate(self._me.name, self._me.host, self._me.capabilities)
        found = place(str(spec.id), spec.node, spec.requires, [own])
        if isinstance(found, NoFit):
            why = f"{found}; expected a system of several nodes, such as System(nodes=2), got one process"
            raise StartFailed(spec.agent.__name__, Crash("OptionError", why))
        return _begin_here(parent, spec, args, shutdown, history)


class Wish(NamedTuple):
    """A start that is wanted."""

    start: RemoteStart
    spec: Child[Any]
    args: tuple[Any, ...]
    shutdown: float | None
    history: Any
    tried: set[str]  # the nodes that were asked for it


class Starts:
    """What the runtime of a node asks when a child names a node, or what a node must offer, or is to be isolated.

    A node that has not the child's class, or on whose host no process can be made for it, is avoided from then on, as
    long as another fits; that is said once. Where none other fits the start fails with `NoNode`: the child waits for
    another host. But if a node of this host was among those that lack it, it is the program that does: the start fails.
    """

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: WeakSet[Any] = WeakSet()
        self._unfit: set[tuple[str, str, str]] = set()  # class; name and incarnation of a node avoided for it

    def begin(
        self, parent: Any, spec: Child[Any], args: tuple[Any, ...], shutdown: float | None, history: Any
    ) -> Any:
        """Begin the start of a child; returns its `Reply`. Raises `StartFailed` if there is no place for it."""
        start = RemoteStart(parent, protocol_of(spec.agent))
        if spec.name is not None and not isinstance(spec.name, str):
            why = "name: expected a string for a child that may run on another node, got: " + repr(spec.name)
            raise StartFailed(start.what, Crash("CannotTravel", why))
        wish = Wish(start, spec, args, shutdown, history, set())
        if spec.node is None and not spec.requires:  # isolated, on this host
            self._isolate(wish, None)
            return start.reply
        chosen = self._choose(wish)
        if isinstance(chosen, NoFit):
            raise StartFailed(start.what, NoNode(str(chosen)))
        if chosen == self._cluster.name and spec.isolate is False:
            return _begin_here(parent, spec, args, shutdown, history)
        self._start_at(wish, chosen)
        return start.reply

    def waits(self, note: Any) -> None:
        """A child waits for a node that fits; its supervisor tries again in a while, or when `note` is hurried."""
        self._waiting.add(note)

    def node_came(self) -> None:
        """There is a new node: it may be what some wait for."""
        self._unfit = {each for each in self._unfit if self._cluster.is_there(each[1], each[2])}
        notes, self._waiting = list(self._waiting), WeakSet()
        for note in notes:
            note.hurry()

    def close(self) -> None:
        """Give up what is still being prepared."""
        for task in tuple(self._tasks):
            task.cancel()

    # Where.

    def _choose(self, wish: Wish) -> str | NoFit:
        spec, avoid = wish.spec, self._lacking(wish)
        chosen = place(str(spec.id), spec.node, spec.requires, self._candidates(), avoid=avoid)
        if not isinstance(chosen, NoFit):
            wish.tried.add(chosen)
        return chosen

    def _lacking(self, wish: Wish) -> set[str]:
        """The nodes known to be unable to start such a child."""
        path = self._path(wish)
        return {name for cls, name, _ in self._unfit if cls == path}

    def _candidates(self) -> list[Candidate]:
        return self._cluster.candidates()  # type: ignore[no-any-return]

    def _path(self, wish: Wish) -> str:
        path: str = self._cluster.classes.path(wish.start._protocol)
        return path

    def _unfit_for(
        self, wish: Wish, node: str, incarnation: str, why: str, kind: str = "OptionError"
    ) -> None:
        """A node cannot start a child: it is started on the next that fits, if there is one not asked yet."""
        start, asked = wish.start, set(wish.tried)
        known = (self._path(wish), node, incarnation)
        new = known not in self._unfit
        self._unfit.add(known)
        chosen = self._choose(wish)
        nowhere = isinstance(chosen, NoFit) or chosen in asked
        if new:
            level, so = (logging.ERROR, "; no other fits") if nowhere else (logging.WARNING, "")
            _log.log(level, "%s is avoided for %s, which it cannot start%s: %s", node, start.what, so, why)
        if isinstance(chosen, NoFit) or nowhere:
            text = f"{node} cannot start {start.what}: {why}"
            lacking = asked.union(self._lacking(wish))
            own = any(map(self._cluster.is_kin, lacking))  # the program lacks it: waiting is no help
            start.fail(StartFailed(start.what, Crash(kind, text) if own else NoNode(text)))
        elif start.given_up or start.parent.gone:
            start.fail(StartFailed(start.what, Killed()))
        else:
            start.peer = start.abandoned = None
            try:
                self._start_at(wish, chosen)
            except StartFailed as error:
                start.fail(error)

    # Starting.

    def _start_at(self, wish: Wish, chosen: str) -> None:
        """Begin the start on a node, or in a process made on its host. Raises `StartFailed`."""
        if wish.spec.isolate is not False:
            self._isolate(wish, chosen)
        elif chosen == self._cluster.name:
            self._start_here(wish)
        else:
            peer = self._cluster.peers[chosen]
            wish.start.unfit = partial(self._unfit_for, wish, chosen, peer.incarnation)
            self._start_on(peer, wish)

    def _start_here(self, wish: Wish) -> None:
        """Begin the start on this node, another having been asked before. Raises `StartFailed`."""
        start = wish.start
        _begin_here(start.parent, wish.spec, wish.args, wish.shutdown, wish.history, StartingHere(start))

    def _start_on(self, peer: Any, wish: Wish) -> None:
        """Ask a node for the start. Raises `StartFailed` for what cannot travel there."""
        start, spec, args = wish.start, wish.spec, wish.args
        cls, keywords = spec.cls, {}
        if isinstance(cls, partial):
            args, keywords, cls = (*cls.args, *args), cls.keywords, cls.func
        path = self._cluster.classes.path(protocol_of(cls))
        try:
            peer.start(start, (path, args, keywords, spec.name, wish.shutdown, wish.history))
        except CannotTravel as error:
            raise StartFailed(start.what, Crash.of(error)) from None

    def _isolate(self, wish: Wish, chosen: str | None) -> None:
        """Have a node made for one agent, on the host of the chosen node or else on this one, and start it there."""
        task = asyncio.ensure_future(self._isolated(wish, chosen))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _isolated(self, wish: Wish, chosen: str | None) -> None:
        start = wish.start
        there = self._cluster.peers.get(chosen) if chosen is not None else None
        try:
            node = await self._make(wish, there)
            if start.given_up:
                return
            if start.parent.gone:
                start.give_up()
                return
            if chosen is not None:
                incarnation = self._cluster.incarnation if there is None else there.incarnation
                start.unfit = partial(self._unfit_for, wish, chosen, incarnation)
            self._start_on(self._cluster.peers[node], wish)
        except StartFailed as error:
            start.fail(error)
        except CallFailed as error:
            lost = isinstance(error.reason, NoConnection | NoProc)
            if there is not None and chosen is not None and not lost:
                self._unfit_for(wish, chosen, there.incarnation, f"isolate: {error.reason}", "HostFailed")
                return
            reason = NoNode(f"isolate: {error.reason}") if lost else Crash("HostFailed", str(error.reason))
            start.fail(StartFailed(start.what, reason))
        except HostFailed as error:
            start.fail(StartFailed(start.what, Crash.of(error)))
        except (CyberneticError, KeyError, TimeoutError) as error:
            start.fail(StartFailed(start.what, NoNode(f"no process could be made: {error}")))

    async def _make(self, wish: Wish, there: Any) -> str:
        """Have the process made, by another node for its host or else for this one; returns the node's name."""
        start, spec, cluster = wish.start, wish.spec, self._cluster
        limits = spec.isolate if isinstance(spec.isolate, Limits) else Limits()
        ticket, module = token(6), self._path(wish).partition(":")[0]
        asked = str(spec.id), limits, module, ticket
        if there is None:
            start.abandoned = partial(cluster.unmake, ticket)
            return str(await cluster.make_isolated(*asked))
        start.abandoned = partial(cluster.bid, there, "unmake", ticket)
        node = str(await cluster.ask(there, "isolate", *asked))
        try:
            async with asyncio.timeout(LINK_SECONDS):  # with that host it is linked already
                await cluster.when(lambda: cluster.is_linked(node))
        except TimeoutError:
            cluster.bid(there, "unmake", ticket)
            raise TimeoutError(f"{node} was not linked within {LINK_SECONDS:g} s") from None
        return node


def _begin_here(
    parent: Any,
    spec: Child[Any],
    args: tuple[Any, ...],
    shutdown: float | None,
    history: Any,
    told: StartingHere | None = None,
) -> Any:
    """Begin the start of a child on this node. Raises `StartFailed` if its name is held."""
    try:
        return begin_child(
            parent, spec.cls, args, name=spec.name, shutdown=shutdown, history=history, told=told
        )
    except AlreadyStarted as held:
        raise StartFailed(spec.agent.__name__, Refused(held)) from None
