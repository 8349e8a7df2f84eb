"""One node's part in a system of many: what its runtime, and other nodes, ask of it."""

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakValueDictionary

from cybernetic.core import NoNode, OptionError, StartFailed, token
from cybernetic.nodes.busiest import here
from cybernetic.nodes.directory.exchange import Exchange
from cybernetic.nodes.link import LinkSettings, Secret, Tls
from cybernetic.nodes.linking import Linking, Told
from cybernetic.nodes.plan.membership import Member
from cybernetic.nodes.plan.placement import Candidate
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.classes import Classes
from cybernetic.nodes.remote.peer import Peer
from cybernetic.nodes.remote.travel import codec_for, own_address
from cybernetic.nodes.remote.words import LONGEST
from cybernetic.nodes.starts import Starts
from cybernetic.runtime import busy_with
from cybernetic.supervision import Limits


class Cluster(Linking):
    """The node that a system is.

    Args:
        engine: the runtime's.
        me: what others are told of this node.
        secret: what every node of the cluster knows.
        settings: of its links.
        tls: the certificate for links from other hosts.
        told: called with news of peers: "joined" or "lost", the peer's `Member`, why.

    Attributes:
        answers: what other nodes may ask of this one, by word: async functions.
    """

    def __init__(
        self,
        engine: Any,
        me: Member,
        secret: Secret,
        settings: LinkSettings,
        tls: Tls | None = None,
        told: Told = lambda *_: None,
    ) -> None:
        super().__init__(me, secret, settings, tls, told)
        self.engine = engine
        self.classes = Classes()
        self.codec = codec_for(self)
        self.exchange = Exchange(self)
        self.starts = Starts(self)
        self.answers: dict[str, Callable[..., Any]] = {
            "reached": self._reached,
            "doing": self._doing,
            "busiest": self._busiest,
        }
        engine.node, engine.names = me.name, self.exchange.names
        engine.spread, engine.elsewhere = self.exchange.spread, self.starts
        engine.buried = WeakValueDictionary()

    async def close(self) -> None:
        """Leave the others."""
        self.starts.close()
        await self.leave()

    def candidates(self) -> list[Candidate]:
        """The nodes a child may be placed on: this one, and those that are there."""
        own = []
        if self.me.kind == "node":
            own = [Candidate(self.name, self.me.host, self.me.capabilities, len(self.engine.agents))]
        return own + [
            Candidate(member.name, member.host, member.capabilities, len(self.peers[member.name].watching))
            for member in self.members
            if member.kind == "node" and member.name in self.peers
        ]

    def is_there(self, name: str, incarnation: str) -> bool:
        """Whether that incarnation of a node is this one, or one that is linked or about to be."""
        node = self if name == self.name else self.peers.get(name)
        return node is not None and node.incarnation == incarnation

    def is_kin(self, name: str) -> bool:
        """Whether a node is of the same program on the same host: this one, its maker, or another that one made."""
        maker, member = self.maker or self.name, self.members.get(name)
        return name in (self.name, maker) or (member is not None and member.maker == maker)

    async def make_isolated(self, id: str, limits: Limits, module: str, ticket: str) -> str:
        """Have a process made for one agent, whose class is in `module`; returns the node's name.

        `ticket` stands for it in `unmake`. Raises `StartFailed`, `CallFailed`.
        """
        make = self.answers.get("isolate")
        if make is not None:
            return str(await make(id, limits, module, ticket))
        maker = self.peers.get(self.maker)
        if maker is None:
            raise StartFailed(
                id, NoNode("isolate: expected a node that makes the processes of this host, got none")
            )
        return str(await self.ask(maker, "isolate", id, limits, module, ticket))

    def unmake(self, ticket: str) -> None:
        """Have the process end that was wanted, be it there or still being made: its agent is not to start."""
        make, maker = self.answers.get("unmake"), self.peers.get(self.maker)
        if make is not None:
            self.task(make(ticket))
        elif maker is not None:
            self.bid(maker, "unmake", ticket)

    def address(self, serial: int) -> Any:
        """The address of an agent of this node, dead or alive."""
        return own_address(self, serial)

    def everyone(self, message: tuple[Any, ...]) -> None:
        """Send a message to every node that is linked; others learn what there is when they are."""
        for peer in self.linked():
            peer.post(message)

    async def ask(self, peer: Peer, what: str, *arguments: Any) -> Any:
        """Ask another node itself something. Raises `CallFailed`."""
        told = self.engine.loop.create_future()
        peer.ask(what, arguments, told)
        return await told

    def bid(self, peer: Peer, what: str, *arguments: Any) -> None:
        """Ask it without caring for the answer, or whether the node lives."""
        if not peer.lost:
            told = self.engine.loop.create_future()
            told.add_done_callback(lambda told: told.cancelled() or told.exception())
            peer.ask(what, arguments, told)

    def asked(self, peer: Peer, id: int, what: str, arguments: tuple[Any, ...]) -> None:
        """Another node asks something of this one; the answer may take its time."""
        answer = self.answers.get(what)
        if answer is None:
            peer.post((ops.REPLY, id, False, f"expected one of {sorted(self.answers)}, got: {what!r}"))
        else:
            self.task(self._answer(peer, id, answer, arguments))

    async def _reached(self) -> tuple[list[str], dict[str, str]]:
        """The nodes linked with this one, once that is settled; and of those it was told of in vain, why."""
        await self.settled()
        return [peer.name for peer in self.linked()], dict(self.unreached)

    async def _doing(self, serial: int) -> str | None:
        """What an agent of this node is doing, or waiting for."""
        cell = self.engine.agents.get(serial)
        return None if cell is None else busy_with(cell)

    async def _busiest(self, by: str, count: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Which agents of this node have most to do."""
        return await here(self.engine.system, by, count)

    async def _answer(self, peer: Peer, id: int, answer: Callable[..., Any], arguments: Any) -> None:
        """Answer in any case: what cannot travel, or is too much, is told as what failed."""
        try:
            value = await answer(*arguments)
            if not peer.lost:
                peer.post((ops.REPLY, id, True, value))
        except Exception as error:
            if not peer.lost:
                peer.post((ops.REPLY, id, False, f"{type(error).__name__}: {error!s:.{LONGEST}}"))


def describe(
    name: str,
    *,
    number: int = 0,
    host: str,
    kind: str,
    capabilities: dict[str, Any] | None = None,
    makes: Iterable[str] = (),
) -> Member:
    """What a new node says of itself; its incarnation is unlike any before. Raises `OptionError`."""
    if not isinstance(name, str) or "/" in name:
        raise OptionError("node", "a name without a slash", name)
    return Member(name, f"{number}.{token(6)}", "", host, capabilities or {}, kind, "", "/".join(makes))
