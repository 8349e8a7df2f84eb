"""Links and monitors: who is told of whose end (statements L-1 to L-7, M-1 to M-6)."""

from typing import Any

from cybernetic.core import CallFailed, Down, Exit, NoProc, Token
from cybernetic.runtime.cell import Entry
from cybernetic.runtime.flags import DEAD, EXITING, FOREIGN
from cybernetic.runtime.life import deliver, trapping, unwatch, watch
from cybernetic.runtime.mailbox import inside


def link(cell: Any, peer: Any, priority: bool = False) -> None:
    """Link two agents (L-1). One that is gone: `NoProc` is raised, or sent as `Exit` to one that traps (L-2)."""
    if peer is cell:
        return
    if peer._flags & (DEAD | EXITING):
        if not trapping(cell):
            raise CallFailed(peer, "link", peer.absence)
        cell.put((deliver, (Exit(peer, peer.absence),), None, peer, None))
        return
    if tie(cell, peer) and peer._flags & FOREIGN:
        peer.linked_with(cell)
    if priority:
        _prefer(cell, peer)


def tie(cell: Any, peer: Any) -> bool:
    """Enter two agents as linked, each with the other; returns whether they were not before.

    Both are alive as far as is known here.
    """
    details = cell._details
    if details is not None and details.links is not None and peer in details.links:
        return False
    for one, other in ((cell, peer), (peer, cell)):
        details = one._details or one.details()
        if details.links is None:
            details.links = {other: None}
        else:
            details.links[other] = None
    return True


def unlink(cell: Any, peer: Any) -> None:
    """Undo `link`; an `Exit` that is queued already stays (L-5)."""
    if untie(cell, peer) and peer._flags & FOREIGN:
        peer.unlinked_from(cell)


def untie(cell: Any, peer: Any) -> bool:
    """Undo `tie`; returns whether they were linked."""
    linked = False
    for one, other in ((cell, peer), (peer, cell)):
        details = one._details
        if details is not None and details.links is not None and other in details.links:
            del details.links[other]
            linked = True
            if details.priority is not None:
                details.priority.discard(other)
    return linked


def monitor(cell: Any, peer: Any, what: Any, priority: bool = False) -> Token:
    """Have one `Down` sent to `cell` when `peer` ends; None or an ended one gives it at once (M-1 to M-5)."""
    token = Token(what)
    if peer is None or peer._flags & DEAD:
        reason = NoProc() if peer is None else peer.absence
        cell.put((deliver, (Down(token, what, reason),), None, None, None))
        return token
    if peer is cell:
        return token
    details = cell.details()
    if details.watching is None:
        details.watching = {}
    details.watching[token] = peer
    watch(peer, token, cell, what)
    if priority:
        _prefer(cell, token)
    return token


def demonitor(cell: Any, token: Token, flush: bool = False) -> bool:
    """Undo `monitor`; True if it was still active. With `flush` a `Down` that is queued is taken back (M-6)."""
    details = cell._details
    target = (
        details.watching.pop(token, None) if details is not None and details.watching is not None else None
    )
    if target is not None:
        unwatch(target, token)
        if details.priority is not None:
            details.priority.discard(token)
        return True
    if flush:
        cell.discard(lambda entry: _is_down(entry, token))
    return False


def _is_down(entry: Entry, token: Token) -> bool:
    fn, args = inside(entry)[:2]
    return fn is deliver and isinstance(args[0], Down) and args[0].token is token


def flush_exit(cell: Any, peer: Any) -> None:
    """Take back an `Exit` from `peer` that is queued."""

    def unwanted(entry: Entry) -> bool:
        fn, args = inside(entry)[:2]
        return fn is deliver and isinstance(args[0], Exit) and args[0].ref is peer

    cell.discard(unwanted)


def _prefer(cell: Any, key: Any) -> None:
    details = cell.details()
    if details.priority is None:
        details.priority = set()
    details.priority.add(key)
