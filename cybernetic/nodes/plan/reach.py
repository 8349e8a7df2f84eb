"""Which node can call which: pure functions of what nodes say of themselves."""

import contextlib
from collections.abc import Iterable

from cybernetic.core import OptionError
from cybernetic.nodes.link.address import Address, MemoryAddress, TcpAddress, parse_address
from cybernetic.nodes.plan.membership import Member

PLACES = 8  # addresses of a node from which on no further ones are noted for it


def in_order(addresses: Iterable[str]) -> str:
    """Addresses as a `Member` says them: those for its own host first, those for other hosts last."""
    return " ".join(sorted(addresses, key=lambda address: address.startswith("tcp:")))


def ways_to(member: Member, me: Member) -> list[Address]:
    """Where `me` can call another node, the best place first; empty if nowhere.

    On one host that is at any of its addresses: hosts of one name may be two, or one with two /tmp. From another host
    it is at a TCP address (or in memory, where hosts are names), and at one on loopback only if `me` itself listens
    nowhere else.
    """
    addresses = _addresses(member)
    if member.host == me.host:
        return addresses
    inside = all(address.loopback for address in _addresses(me) if isinstance(address, TcpAddress))
    return [
        address
        for address in addresses
        if isinstance(address, MemoryAddress)
        or (isinstance(address, TcpAddress) and (inside or not address.loopback))
    ]


def way_to(member: Member, me: Member) -> Address | None:
    """Where `me` calls another node first; None if it can nowhere."""
    return next(iter(ways_to(member, me)), None)


def seen_at(member: Member, place: str | None) -> Member:
    """A node that may also be reached at `place`, the number by which its host was, where its own name is not known.

    What is on loopback stays there, and after a few places no more are noted.
    """
    addresses = member.address.split()
    if not place or len(addresses) >= PLACES:
        return member
    more = [
        str(TcpAddress(place, address.port))
        for address in _addresses(member)
        if isinstance(address, TcpAddress) and not address.loopback
    ]
    return member._replace(address=" ".join(dict.fromkeys([*addresses, *more])))


def apart(one: Member, other: Member) -> str | None:
    """Why two nodes can never be linked; None if one of them can call the other."""
    if way_to(one, other) is not None or way_to(other, one) is not None:
        return None
    return (
        f"{one.name} of host {one.host!r} and {other.name} of host {other.host!r} cannot reach each other: "
        "expected at least one of them to listen, got listen=False on both"
    )


def stranded(member: Member, others: Iterable[Member]) -> str | None:
    """Why a node cannot be linked with all of the others; None if it can."""
    return next((why for other in others if (why := apart(member, other))), None)


def _addresses(member: Member) -> list[Address]:
    addresses: list[Address] = []
    for text in member.address.split():
        with contextlib.suppress(OptionError):  # one of a kind that this version does not know
            addresses.append(parse_address(text))
    return addresses
