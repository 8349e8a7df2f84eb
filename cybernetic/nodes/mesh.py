"""How a node comes to be linked with every other: it hears of them, calls them, and calls again those it has lost."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link import Link
from cybernetic.nodes.plan.membership import MOST, Member, dials
from cybernetic.nodes.plan.reach import apart, seen_at, way_to, ways_to
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.peer import Peer
from cybernetic.wire import DamagedMessage

_log = logging.getLogger("cybernetic.nodes")

DIAL_SECONDS = 10.0  # how long a node that is known of may take to be linked
TELL_SECONDS = 5.0  # between two times that another node is told who is linked

NOT_MEANT = "is not the node that was meant"  # in what one says that is called in place of another


class Mesh:
    """What one node does to be linked with every other.

    Args:
        node: this one: a `Linking`.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._telling = False

    # Hearing of others.

    def told(self, members: Sequence[Any], teller: Peer) -> None:
        """Another node has told whom it knows: of two that are not linked yet, one calls the other.

        Raises `DamagedMessage` if there are more than a cluster has.
        """
        node = self._node
        if node.leaving:
            return
        if len(members) > MOST:
            raise DamagedMessage(f"a cluster of at most {MOST} nodes", f"{len(members)} of them in a message")
        told = self._as_told(members, teller)
        for member in told:
            self._compare(member)
        new = node.members.merge(told, me=node.name)
        if len(node.members) + len(new) > MOST:
            raise DamagedMessage(
                f"a cluster of at most {MOST} nodes", f"{len(node.members) + len(new)} of them"
            )
        for member in new:
            why = apart(node.me, member)
            if why is not None:
                _log.warning("%s", why)
                continue
            self._put_out(member)
            peer = node.expect(member)
            if self._calls(member):
                node.task(self._dial(member, peer, teller.dials))
            else:
                node.engine.loop.call_later(DIAL_SECONDS, self._never_came, peer)

    def told_again(self, members: Sequence[Any], teller: Peer) -> None:
        """Another node has said whom it is linked with: those that are lost to this one, it tries to reach."""
        node = self._node
        for member in self._as_told(members[:MOST], teller):
            away = member.name not in node.peers and member.name != node.name
            if away and self._calls(member) and not node.leaving:
                node.task(self._try(member, teller.dials))

    def keep_telling(self) -> None:
        """From now on, tell others from time to time whom this node is linked with."""
        if not self._telling:
            self._telling = True
            self._node.task(self._tell_again())

    def lost(self, member: Member) -> None:
        """A link broke: if the node lives it is linked anew, and all about it here begins anew."""
        if self._calls(member):
            self._node.task(self._dial_again(member))

    def _as_told(self, members: Sequence[Any], teller: Peer) -> list[Member]:
        """What another node has told of; those of its own host may be where that one was reached."""
        known = self._node.members
        place = teller.link.place if teller.link is not None else None
        host = known[teller.name].host if teller.name in known else None
        told = [Member(*fields) for fields in members]
        return [seen_at(member, place) if member.host == host else member for member in told]

    def _compare(self, member: Member) -> None:
        """What is told of a node may not be what is known here."""
        node = self._node
        known = node.members.get(member.name)
        if member.name == node.name or (known is not None and known.incarnation != member.incarnation):
            if member.incarnation != node.incarnation:
                _log.warning(
                    "there are two nodes called %r: this one has no link with %s", member.name, member.host
                )
        else:  # if it has left, it was for this node only: it lives, as is told here
            node.members = node.members.returned(member.name, member.incarnation)

    async def _tell_again(self) -> None:
        """Say whom one is linked with, to one after another: a cut between two of many is mended thereby."""
        node, turn = self._node, 0
        while True:
            await asyncio.sleep(TELL_SECONDS)
            peers = node.linked()
            if len(peers) > 1:
                turn += 1
                peer = peers[turn % len(peers)]
                others = [tuple(node.members[each.name]) for each in peers if each is not peer]
                peer.post((ops.LINKED, others))

    def _put_out(self, member: Member) -> None:
        """Of two that cannot reach each other, and came at different nodes, the one of the greater name goes."""
        for peer in self._node.linked():
            why = apart(member, self._node.members[peer.name])
            if why is not None and dials(member.name, peer.name):
                peer.link.close(why)

    # Calling them.

    def _calls(self, member: Member) -> bool:
        """Whether this node calls another that it has a way to, rather than the other way round."""
        me = self._node.me
        there = way_to(member, me) is not None
        return there and (dials(me.name, member.name) or way_to(me, member) is None)

    async def _dial(self, member: Member, peer: Peer, turns: asyncio.Semaphore) -> None:
        """Link with a node that another has told of."""
        node = self._node
        clock, pause, why = node.engine.clock, 0.02, "others took too long"
        until = clock() + DIAL_SECONDS
        while peer.link is None and not peer.lost and clock() < until:
            try:
                async with turns:
                    if clock() >= until:
                        break
                    link = await self._reach(member)
            except LinkRefused as error:
                why = str(error)
                if NOT_MEANT in why:
                    break
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
                continue
            if peer.lost:
                link.abort("it took too long")
                return
            node.up(member, link)
        if peer.link is None:
            node.lose(peer, f"it could not be linked: {why}")

    async def _reach(self, member: Member) -> Link:
        """Call a node wherever it may be. Raises `LinkRefused`, which says of each address why."""
        whys = []
        for address in ways_to(member, self._node.me):
            try:
                link: Link = await self._node.call(address, f"{member.name}#{member.incarnation}")
                return link
            except LinkRefused as error:
                whys.append(str(error))
        raise LinkRefused("; ".join(whys))

    async def _try(self, member: Member, turns: asyncio.Semaphore) -> None:
        """Link with a node that was lost, if it can be reached by now."""
        async with turns:
            await self._join_again(member)

    async def _dial_again(self, member: Member) -> None:
        node, pause = self._node, 0.05
        until = node.engine.clock() + DIAL_SECONDS
        while node.engine.clock() < until and member.name not in node.peers:
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
            await self._join_again(member)

    async def _join_again(self, member: Member) -> None:
        """Link with a node that was lost, at the first of its addresses where one of its name is, if there is one."""
        for address in ways_to(member, self._node.me):
            if member.name in self._node.peers:
                return
            with contextlib.suppress(LinkRefused):
                await self._node.join(address, member.name)

    def _never_came(self, peer: Peer) -> None:
        if peer.link is None:
            self._node.lose(peer, "it was told of, and never linked")
