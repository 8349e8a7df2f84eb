"""What another node says of starts: those it asks for, and what has come of those it was asked for."""

from collections.abc import Callable
from functools import partial
from typing import Any

from cybernetic.core import (
    AlreadyStarted,
    ArgumentsError,
    Crash,
    CyberneticError,
    Kill,
    NoNode,
    OptionError,
    Reason,
    Refused,
    StartFailed,
)
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.classes import may_travel
from cybernetic.nodes.remote.start import Starting
from cybernetic.runtime import abandon, begin_child, signal


class InboundStarts:
    """The part of the receiving end of a peer that deals with starts.

    Args:
        cluster: what this node knows and shares.
        peer: the other node.
        who: gives the address of an agent there, by its serial and the number of its class.
    """

    def __init__(self, cluster: Any, peer: Any, who: Callable[[int, int], Any]) -> None:
        self._cluster, self._peer, self._who = cluster, peer, who
        self._agents: dict[int, Any] = cluster.engine.agents

    def start(
        self,
        id: int,
        parent: int,
        kind: int,
        path: str,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        name: str | None,
        shutdown: float | None,
        history: tuple[Any, ...],
    ) -> None:
        """Start an agent on behalf of a supervisor there, and tell what comes of it."""
        supervisor = self._who(parent, kind)
        self._peer.watching[parent] = supervisor
        starting, what = Starting(self._peer, id), path.rpartition(":")[2]
        try:
            cls = self._cluster.classes.load(path)
        except OptionError as error:
            starting.fail(StartFailed(what, NoNode(str(error)) if may_travel(path) else Crash.of(error)))
            return
        try:
            made: Any = partial(cls, **keywords) if keywords else cls
            begin_child(supervisor, made, args, name=name, shutdown=shutdown, history=history, told=starting)
        except CyberneticError as error:
            if starting.cell is not None and not isinstance(error, ArgumentsError):
                raise
            starting.fail(StartFailed(what, _reason(error)))

    def started(self, id: int, serial: int) -> None:
        """An agent that was asked for is up there."""
        start = self._peer.starts.pop(id, None)
        if start is not None:
            start.begun(serial)
        else:  # it was given up while this was on its way
            self._peer.post((ops.GIVE_UP, id, serial))

    def not_started(self, id: int, error: Exception) -> None:
        """It is not, and nothing of it is left."""
        start = self._peer.starts.pop(id, None)
        if start is not None:
            start.refused(error)
        else:
            self.given_up(id)

    def give_up(self, id: int, serial: int) -> None:
        """Nobody there wants an agent any more that was asked for: end it, and say so."""
        cell = self._peer.starting.pop(id, None)
        if cell is not None:
            abandon(cell)
        elif not serial:  # what came of it is on its way there
            return
        elif serial in self._agents:
            signal(self._agents[serial], Kill(), None)
        self._peer.post((ops.GIVEN_UP, id))

    def given_up(self, id: int) -> None:
        """Nothing is left of a start that was given up."""
        start = self._peer.giving_up.pop(id, None)
        if start is not None:
            start.confirmed()


def _reason(error: CyberneticError) -> Reason:
    """Why a start failed that did not get as far as the agent's own code."""
    return Refused(error) if isinstance(error, AlreadyStarted) else Crash.of(error)
