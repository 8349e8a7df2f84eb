"""Who holds a name of the whole cluster, as one node sees it, and what follows when news of others arrives.

Each node owns the claims of its own agents and tells them to every node it is linked with, in order; it keeps what
others tell until they release it or are lost. Of several claims to a name the greatest wins, everywhere alike, so
nodes that know the same claims see the same holder. Concurrent claims both succeed at first; when they meet, the later
one keeps the name and the agent that lost is told (statement EX-4).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cybernetic.core import OptionError

Source = tuple[str, str]  # a node and its incarnation


@dataclass(frozen=True, slots=True)
class Claim:
    """An agent's claim to a name.

    Attributes:
        name: the name.
        node: the node the agent is on.
        incarnation: which of the nodes of that name.
        serial: the agent's number on its node.
        stamp: when the name was taken, in seconds of the node's real clock.
        cls: the agent's class, by name.
    """

    name: str
    node: str
    incarnation: str
    serial: int
    stamp: float
    cls: str

    @property
    def source(self) -> Source:
        """The node that may release it, and its incarnation."""
        return self.node, self.incarnation


@dataclass(frozen=True, slots=True)
class Lost:
    """An agent of this node has lost its name: it is to be told, and all other nodes that `claim` is released."""

    claim: Claim
    winner: Claim


@dataclass(frozen=True, slots=True)
class Changed:
    """On this node a name has another holder from now on; None: it is free."""

    name: str
    holder: Claim | None


Effect = Lost | Changed


def wins(a: Claim, b: Claim) -> bool:
    """Whether `a` takes the name rather than `b`: the later, then the greater node, serial, incarnation (EX-4)."""
    return _rank(a) > _rank(b)


class Claims:
    """What one node knows of who claims which name.

    Each method takes in one piece of news and returns what follows from it, to be done in that order. Claims of this
    node are to be told to the others by whoever calls: `claim` and `release` as they are made, all of `all_local` to a
    node that is newly linked. Costs do not grow with the number of names, except where a node is lost: with its own.

    Args:
        node: the name of this node.
        incarnation: its incarnation.
    """

    def __init__(self, node: str, incarnation: str) -> None:
        self._me: Source = (node, incarnation)
        self._claims: dict[str, dict[Source, Claim]] = {}
        self._holders: dict[str, Claim] = {}
        self._of: dict[Source, dict[str, None]] = {}  # the names each node claims, in order

    def holder(self, name: str) -> Claim | None:
        """Who holds a name, as far as this node knows; None: it is free."""
        return self._holders.get(name)

    def __iter__(self) -> Iterator[Claim]:
        """The holder of each name that has one."""
        return iter(self._holders.values())

    def all_local(self) -> list[Claim]:
        """The claims of this node's agents: what a node that is newly linked must be told."""
        return [self._claims[name][self._me] for name in self._of.get(self._me, ())]

    # What the agents of this node do.

    def claim(self, local: Claim) -> list[Effect]:
        """An agent of this node takes a name; its claim replaces one this node has to that name.

        If another node's claim is greater, for its clock is ahead, `Lost` says so at once.
        Raises `OptionError` if the claim is not of this node.
        """
        if local.source != self._me:
            raise OptionError("claim", f"one of {self._me[0]} ({self._me[1]})", local)
        self._enter(local)
        return self._settle(local.name)

    def release(self, local: Claim) -> list[Effect]:
        """An agent of this node gives up a name, or has ended. Nothing if it has lost it before."""
        return self._withdraw(local)

    # What other nodes tell.

    def learn(self, remote: Claim) -> list[Effect]:
        """An agent of another node has taken a name. What speaks for this node is left aside."""
        if remote.source == self._me:
            return []
        self._enter(remote)
        return self._settle(remote.name)

    def forget(self, remote: Claim) -> list[Effect]:
        """An agent of another node has given up or lost a name, or ended. Nothing if that claim is not known."""
        return [] if remote.source == self._me else self._withdraw(remote)

    def lost(self, node: str, incarnation: str) -> list[Effect]:
        """A node is out of reach: the names its agents held are free, or another's."""
        effects: list[Effect] = []
        for name in self._of.pop((node, incarnation), ()):
            del self._claims[name][node, incarnation]
            effects += self._settle(name)
        return effects

    # Inside.

    def _enter(self, claim: Claim) -> None:
        self._claims.setdefault(claim.name, {})[claim.source] = claim
        self._of.setdefault(claim.source, {})[claim.name] = None

    def _remove(self, claim: Claim) -> None:
        """Take out a claim that is there."""
        del self._claims[claim.name][claim.source]
        names = self._of[claim.source]
        del names[claim.name]
        if not names:
            del self._of[claim.source]

    def _withdraw(self, claim: Claim) -> list[Effect]:
        known = self._claims.get(claim.name, {}).get(claim.source)
        if known is None or known.serial != claim.serial:  # it has been replaced by a newer one, or is gone
            return []
        self._remove(known)
        return self._settle(claim.name)

    def _settle(self, name: str) -> list[Effect]:
        """See who holds a name after a change."""
        claims = self._claims[name]
        best = max(claims.values(), key=_rank, default=None)
        effects: list[Effect] = []
        own = claims.get(self._me)
        if best is not None and own is not None and own is not best:
            self._remove(own)
            effects.append(Lost(own, best))
        if best != self._holders.get(name):
            effects.append(Changed(name, best))
        if best is None:
            del self._claims[name]
            self._holders.pop(name, None)
        else:
            self._holders[name] = best
        return effects


def _rank(claim: Claim) -> tuple[float, str, int, str]:
    return claim.stamp, claim.node, claim.serial, claim.incarnation
