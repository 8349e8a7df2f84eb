"""Life and death: exit signals, and who is told. Every transition is synchronous; death spreads by a work list."""

from collections.abc import Callable
from typing import Any

from cybernetic.core import (
    CallFailed,
    Down,
    Exit,
    Kill,
    Killed,
    Normal,
    Reason,
    StartFailed,
    Stop,
    Token,
)
from cybernetic.runtime.cell import DeadRef, Entry, bury, function_name
from cybernetic.runtime.events import ENDED, ZOMBIES, AgentEnded, Zombie
from cybernetic.runtime.flags import DEAD, EMBRYO, EXITING, FOREIGN, PARKED
from cybernetic.runtime.reply import Reply
from cybernetic.runtime.stepping import give_up, waited_for

START = "start"  # what a `Reply` is for that waits for the start of an agent
ROOT: Any = object()  # the system itself, as the sender of an exit signal to what was started outside agents
ZOMBIE_SECONDS = 5.0  # how long a handler of a killed agent may take to unwind before it is reported


def deliver(agent: Any, message: object) -> Any:
    """Run in the agent: a `Down` or trapped `Exit`, which bounded mailboxes never drop."""
    return agent.receive(message)


def obey(_: Any, reason: Reason) -> None:
    """Run in the agent: its parent's exit signal, or a request to stop (GS-18, CALL-11)."""
    raise Stop(reason)


# Exit signals.


def signal(target: Any, reason: Reason, sender: Any) -> None:
    """An explicit exit signal (statement P-4)."""
    if target._flags & (DEAD | FOREIGN):
        if not target._flags & DEAD:
            target.signalled(reason, sender)
        return
    if isinstance(reason, Kill):
        end(target, Killed())
    elif not target._flags & EXITING:
        _arrive(target, reason, sender)


def _arrive(target: Any, reason: Reason, sender: Any) -> None:
    """What an exit signal other than `Kill` does (P-4, P-5, GS-18)."""
    details = target._details
    parent = _is_parent(sender, details)
    traps = trapping(target)
    if parent and (traps or cleans_up(target)):
        order(target, reason, sender)
    elif traps:
        entry = (deliver, (Exit(sender, reason),), None, sender, None)
        if details is not None and details.priority is not None and sender in details.priority:
            target.put_first(entry)
        else:
            target.put(entry)
    elif not isinstance(reason, Normal) or sender is target:
        die(target, reason)


def _is_parent(sender: Any, details: Any) -> bool:
    if sender is ROOT:
        return details is None or details.parent is None
    return sender is not None and details is not None and details.parent is sender


def order(cell: Any, reason: Reason, sender: Any) -> None:
    """Queue an order to end, which the agent obeys when its turn comes (GS-18, CALL-11).

    If its handler waits for the start of another agent, that start is cut short: it would be for nothing, and it
    may take for ever.
    """
    cell.put_control((obey, (reason,), None, sender, None))
    details = cell._details
    waits = waited_for(details.task) if cell._flags & PARKED and details is not None else None
    if details is not None and isinstance(waits, Reply) and waits.what == START:
        details.cut_short = True
        signal(waits.target, Kill(), sender)


def trapping(cell: Any) -> bool:
    """Whether exit signals become messages: `trap_exit` of the agent now, or of its class before it is made."""
    agent = cell._agent
    return bool((cell._protocol.cls if agent is None else agent).trap_exit)


def cleans_up(cell: Any) -> bool:
    """Whether its parent's exit signal lets `terminate` run although it does not trap."""
    agent = cell._agent
    return bool(cell._protocol.cleans_up) and (agent is None or vars(agent).get("trap_exit") is not False)


def die(cell: Any, reason: Reason) -> None:
    """End an agent for a signal it did not trap: at once, or when its parked handler has unwound (P-7, decision 5)."""
    if not cell._flags & PARKED:
        end(cell, reason)
        return
    details = cell.details()
    details.exit_reason = reason
    cell._flags |= EXITING
    cell.__class__ = DeadRef
    if details.shutdown is not None:
        arm_limit(cell, own_limit(details), lambda: end(cell, reason))
    details.task.cancel()


def own_limit(details: Any) -> float:
    """How many seconds an agent has to end; longer if its parent watches the time and will kill it, to be told so."""
    seconds: float = details.shutdown
    return seconds + (ZOMBIE_SECONDS if details.parent_waits else 0.0)


def arm_limit(cell: Any, seconds: float, late: Callable[[], object]) -> None:
    """Call `late` if the agent has not ended in `seconds`."""
    details = cell.details()
    if details.limit is not None:
        details.limit.cancel()
    details.limit = cell._engine.loop.call_later(seconds, late)


# Death.


def end(cell: Any, reason: Reason) -> None:
    """End an agent now, and tell everyone who is to know. Chains of links of any length do not nest."""
    if cell._flags & DEAD:
        return
    dying = cell._engine.dying
    dying.append((cell, reason, _close(cell)))
    if len(dying) > 1:
        return  # an outer call is at work
    while dying:
        _announce(*dying[0])
        dying.popleft()


def _close(cell: Any) -> tuple[Entry | None, list[Entry]]:
    """Mark an agent dead and close its mailbox; returns the message it handles, and those it never will."""
    engine = cell._engine
    left = cell._entry, cell.queued() if cell._box or cell._rest is not None else []
    cell._flags = DEAD | (cell._flags & EMBRYO)
    cell.__class__ = DeadRef
    cell._agent = cell._rest = cell._entry = None
    cell._box = []
    del engine.agents[cell._serial]
    if engine.current is cell:  # its own handler ended it: what that still sends is dropped
        engine.current, engine.ghost = None, cell
    return left


def _announce(cell: Any, reason: Reason, left: tuple[Entry | None, list[Entry]]) -> None:
    """Free the names, stop what runs, then tell links, monitors and callers (P-10)."""
    engine, details = cell._engine, cell._details
    was_embryo, cell._flags = cell._flags & EMBRYO, DEAD
    if details is not None:
        _release(cell, details)
        if details.links:
            _tell_links(cell, details, reason)
        if details.watchers:
            _tell_watchers(cell, details, reason)
    _fail_calls(cell, details, left, reason)
    if was_embryo and details is not None and details.starting is not None:
        details.starting.fail(StartFailed(cell._protocol.cls.__name__, reason))
    if ENDED.listeners:
        ENDED.emit(AgentEnded(cell, reason))
    if engine.buried is not None:
        engine.buried[cell._serial] = cell
    engine.ended += 1


def _fail_calls(cell: Any, details: Any, left: tuple[Entry | None, list[Entry]], reason: Reason) -> None:
    """Fail the calls it has not answered (GS-11), after supervisors had the news: who calls again may find the next."""
    handled, unread = left
    if handled is not None and handled[4] is not None:
        bury(cell, handled, "unread", reason)
    if details is not None and details.deferred is not None:
        for reply in details.deferred:
            reply.fail(CallFailed(cell, function_name(reply.what), reason))
    for entry in unread:
        bury(cell, entry, "unread", reason)


def _release(cell: Any, details: Any) -> None:
    """Free what an agent held, and stop what still runs for it."""
    engine, cell._details, cell._entry = cell._engine, None, details.name
    if details.name is not None and engine.names.get(details.name) is cell:
        del engine.names[details.name]
    for forget in details.on_death or ():
        forget(cell)
    if details.limit is not None:
        details.limit.cancel()
    if details.idle is not None:
        details.idle.cancel()
    if details.task is not None:
        stop_handler(cell, details.task)
    if details.tasks:
        for task in tuple(details.tasks):
            stop_handler(cell, task)
    if details.watching:
        for token, target in details.watching.items():
            unwatch(target, token)


def stop_handler(cell: Any, task: Any) -> None:
    """Cancel the parked handler of an agent that has ended; report it if it does not unwind."""
    engine = cell._engine

    def late() -> None:
        engine.zombies += 1
        engine.reports.zombie(cell, task)
        if ZOMBIES.listeners:
            ZOMBIES.emit(Zombie(cell))

    if task.done():
        return
    watch = engine.loop.call_later(ZOMBIE_SECONDS, late)
    engine.unwinding[task] = None
    task.add_done_callback(lambda _: (watch.cancel(), engine.unwinding.pop(task, None)))
    give_up(task)


def _tell_links(cell: Any, details: Any, reason: Reason) -> None:
    for peer in details.links:
        theirs = peer._details
        if theirs is not None and theirs.links is not None and cell in theirs.links:
            del theirs.links[cell]
            if not peer._flags & (DEAD | EXITING | FOREIGN):  # another node is told as one that watches
                _arrive(peer, reason, cell)
            if theirs.priority is not None:
                theirs.priority.discard(cell)


def _tell_watchers(cell: Any, details: Any, reason: Reason) -> None:
    for token, (owner, what) in details.watchers.items():
        if callable(owner):
            owner(reason)
        else:
            _tell_down(owner, token, what, reason)


def _tell_down(owner: Any, token: Token, what: Any, reason: Reason) -> None:
    details = owner._details
    entry = (deliver, (Down(token, what, reason),), None, None, None)
    if details is not None:
        if details.watching is not None:
            details.watching.pop(token, None)
        if details.priority is not None and token in details.priority:
            details.priority.discard(token)
            owner.put_first(entry)
            return
    owner.put(entry)


# Who watches.


def watch(peer: Any, token: Any, owner: Any, what: Any = None) -> None:
    """Have `owner` told of the death of `peer`: an agent by `Down`, a function by being called with the reason."""
    details = peer.details()
    if details.watchers is None:
        details.watchers = {}
        if peer._flags & FOREIGN:
            peer.watched()
    details.watchers[token] = (owner, what)


def unwatch(target: Any, token: Any) -> None:
    """Undo `watch`."""
    details = target._details
    if details is not None and details.watchers is not None:
        details.watchers.pop(token, None)


# Agents on other nodes.


def depart(cell: Any, reason: Reason, kind: type[DeadRef[Any]] = DeadRef) -> None:
    """An agent of another node has ended, as is heard here: tell everyone on this node who is to know.

    `kind` is what its address becomes: `LostRef` if its node is out of reach.
    """
    if cell._flags & DEAD:
        return
    cell._flags = DEAD | FOREIGN
    cell.__class__ = kind
    cell._methods = cell._protocol.methods
    details = cell._details
    if details is not None:
        _release(cell, details)
        if details.links:
            _tell_links(cell, details, reason)
        if details.watchers:
            _tell_watchers(cell, details, reason)
