"""Which node can call which: pure functions of what nodes say of themselves."""

import contextlib
from collections.abc import Iterable

from cybernetic.core import OptionError
from cybernetic.nodes.link.address import Address, MemoryAddress, TcpAddress, parse_address
from cybernetic.nodes.plan.membership import Member


def in_order(addresses: Iterable[str]) -> str:
    """Addresses as a `Member` says them: those for its own host first, those for other hosts last."""
    return " ".join(sorted(addresses, key=lambda address: address.startswith("tcp:")))


def way_to(member: Member, me: Member) -> Address | None:
    """Where `me` can call another node; None if nowhere.

    On one host that is at the first of its addresses. From another host it is at a TCP address (or in memory, where
    hosts are names), and at one on loopback only if `me` itself listens nowhere else.
    """
    addresses = _addresses(member)
    if member.host == me.host:
        return next(iter(addresses), None)
    inside = all(address.loopback for address in _addresses(me) if isinstance(address, TcpAddress))
    for address in addresses:
        if isinstance(address, MemoryAddress):
            return address
        if isinstance(address, TcpAddress) and (inside or not address.loopback):
            return address
    return None


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
