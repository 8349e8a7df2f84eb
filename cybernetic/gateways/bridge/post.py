"""`Post`: all that one level needs to meet others over a broker: gateways, bridges, and outposts for each."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cybernetic.core import NotRunning, OptionError
from cybernetic.gateways.bridge.bridge import Bridge
from cybernetic.gateways.bridge.claims import claim
from cybernetic.gateways.bridge.outpost import Outpost
from cybernetic.gateways.broker.port import Broker
from cybernetic.gateways.consumer.guard import Guard
from cybernetic.gateways.envelope import Author
from cybernetic.gateways.gateway import Gateway
from cybernetic.gateways.letter import Signer
from cybernetic.supervision import Backoff, Child, Supervisor, child

COMMON, PAIN, AUDIT, COORDINATION = "amqp", "pain", "audit", "coordination"
AUDITS = "cybernetic.audits"  # the exchange of audits, which no other way uses
STALE = 10.0  # seconds after which the words of a system 2 are of no use
AGAIN = Backoff(0.2, 5.0)  # of an outpost whose level is away


def outlet_of(peer: str) -> str:
    """The name of the agent that carries values to the level `peer`: for `remote(outlet=)` and `Abroad(outlet=)`."""
    return f"{COMMON} to {peer}"


def pain_outlet_of(peer: str) -> str:
    """The name of the one that carries pain there: for `pain=`."""
    return f"{PAIN} to {peer}"


def audit_outlet_of(peer: str) -> str:
    """The name of the one that carries audits there: for `audit=`."""
    return f"{AUDIT} to {peer}"


def coordination_outlet_of(peer: str) -> str:
    """The name of the one that carries the words of system 2 there: for `coordination=`."""
    return f"{COORDINATION} to {peer}"


class Post(Supervisor):
    """A level's ways to others. Each has a connection, queues and a store of its own, so that none delays another.

        child(Post, AmqpBroker(url), AmqpBroker(url), "data", "shop", {"shop/catalogue": junction_of("shop/catalogue")})

    Pain goes by quorum queues. Audits go by an exchange and keys of their own, and, with `auditing`, through a virtual
    host that the user of the other ways cannot read. The words of system 2 may be lost: they go by classic queues, are
    not written to disk, and after 10 seconds are of no use.

    The agents that carry to a level are named after it alone: a system has one `Post` to each, of whatever level here.

    Args:
        broker: for all but pain.
        painful: for pain: another connection with the same broker, or with another.
        data: the folder of the stores; it must be there.
        path: of this level.
        peers: other levels by path, each with the name of the agent here that takes what it says.
        every: seconds between two heartbeats, > 0.
        lost_after: seconds without one after which a level counts as lost, more than `every`.
        author, guard, signer: sign what goes, check what comes; all or none. Default none.
        auditing: for audits: a connection with a virtual host, as a user, of their own. Default None: as `broker`.

    Raises `OptionError`, also where another post of its system speaks to one of the peers.
    """

    max_restarts = 1000  # what is away comes back

    def __init__(
        self,
        broker: Broker,
        painful: Broker,
        data: Path | str,
        path: str,
        peers: Mapping[str, str],
        every: float = 2.0,
        lost_after: float = 7.0,
        author: Author | None = None,
        guard: Guard | None = None,
        signer: Signer | None = None,
        auditing: Broker | None = None,
    ) -> None:
        given = {"author": author, "guard": guard, "signer": signer}
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise OptionError(
                "author, guard, signer",
                "all of them or none: what goes is signed as what comes is checked",
                f"no {' and no '.join(missing)}",
            )
        self._ways: tuple[tuple[Broker, str, str, dict[str, Any]], ...] = (
            (broker, COMMON, "", {}),
            (painful, PAIN, f"{PAIN}/", {}),
            (auditing or broker, AUDIT, f"{AUDIT}/", {"exchange": AUDITS}),
            (broker, COORDINATION, f"{COORDINATION}/", {"ttl": STALE}),
        )
        self._data, self._path, self._peers = Path(data), path, dict(peers)
        with suppress(NotRunning):  # one that is made by hand speaks to nobody
            claim(self.system, self.ref, path, self._peers)
        self._terms = {"every": every, "lost_after": lost_after, "author": author, "guard": guard}
        self._signer = signer
        self._bridges = [self._bridge(name, before, more) for _, name, before, more in self._ways]

    def _bridge(self, name: str, before: str, more: dict[str, Any]) -> Bridge:
        peers = {f"{before}{peer}": f"{name} to {peer}" for peer in self._peers}
        return Bridge(f"{before}{self._path}", peers, **self._terms, **more)  # type: ignore[arg-type]

    def children(self) -> list[Child[object]]:
        """A gateway for each way, and an outpost for each level on it.

        Gateways and files are named after the level: others are beside them, as an "amqp" of the program's own.
        """
        made: list[Child[object]] = []
        for (broker, name, before, _), bridge in zip(self._ways, self._bridges, strict=True):
            store = self._data / f"{name} of {quote(self._path, safe=' ')}.sqlite"
            named = f"{name} of {self._path}"
            gateway = partial(
                Gateway, broker, store, bridge.topology, bridge.consume, name=named, signer=self._signer
            )
            made.append(child(gateway, id=named))
            for peer, inbox in self._peers.items():
                outpost = partial(Outpost, bridge, f"{before}{peer}", inbox, publisher=f"{named}.publisher")
                made.append(child(outpost, name=f"{name} to {peer}", backoff=AGAIN))
        return made
