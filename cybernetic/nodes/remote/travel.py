"""How addresses travel inside messages: as node, incarnation, serial and class."""

from typing import Any

from cybernetic.core import CannotTravel
from cybernetic.runtime import DEAD, FOREIGN, Address, DeadRef, LostRef, Named, Ref, Within
from cybernetic.wire import Codec, Extension


def codec_for(cluster: Any) -> Codec:
    """The codec of one node, which takes addresses apart and puts them together as they are seen from there."""

    def pack(address: Address[Any]) -> tuple[Any, ...]:
        kind = type(address)
        if isinstance(address, Ref):
            way = getattr(address, "_way", None)
            path = cluster.classes.path(address._protocol)
            if way is None:
                return cluster.name, cluster.incarnation, address._serial, path
            return way.name, way.incarnation, address._serial, path
        if kind is Named:
            return address.name, cluster.classes.path(address._protocol)  # type: ignore[attr-defined]
        if kind is Within:
            return address._address, address._limit, None  # type: ignore[attr-defined]
        raise CannotTravel("address", address)

    def unpack(*parts: Any) -> Address[Any]:
        if len(parts) == 2:
            return Named(cluster.engine, parts[0], cluster.classes.known(parts[1]))
        if len(parts) == 3:
            return Within(parts[0], parts[1])
        node, incarnation, serial, path = parts
        return address(cluster, node, incarnation, serial, path)

    return Codec(extensions=(Extension("ref", Address, pack, unpack),))


def address(cluster: Any, node: str, incarnation: str, serial: int, path: str) -> Ref[Any]:
    """An agent's address as it is on this node; a dead one if its node, or that incarnation of it, is not there."""
    if node == cluster.name and incarnation == cluster.incarnation:
        return own_address(cluster, serial, path)
    protocol = cluster.classes.known(path)
    peer = cluster.peers.get(node)
    if peer is not None and peer.incarnation == incarnation:
        found: Ref[Any] = peer.proxy(serial, protocol)
        return found
    lost: Ref[Any] = LostRef(cluster.engine, protocol, serial)
    lost._flags, lost._way = DEAD | FOREIGN, Place(node, incarnation)  # type: ignore[attr-defined]
    return lost


def own_address(cluster: Any, serial: int, path: str | None = None) -> Ref[Any]:
    """The address of an agent of this node, dead or alive."""
    found = cluster.engine.agents.get(serial) or cluster.engine.buried.get(serial)
    if found is None:
        protocol = cluster.classes.known(path or "cybernetic.runtime.agent:Agent")
        found = DeadRef(cluster.engine, protocol, serial)
        found._flags = DEAD
    return found  # type: ignore[no-any-return]


class Place:
    """The node of an address that leads nowhere."""

    __slots__ = ("incarnation", "name")

    def __init__(self, name: str, incarnation: str) -> None:
        self.name, self.incarnation = name, incarnation
