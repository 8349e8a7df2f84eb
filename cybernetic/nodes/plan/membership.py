"""The nodes that one node knows to be there: a value, and how news changes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cybernetic.core import OptionError, one_of
from cybernetic.nodes.plan.capabilities import checked

KINDS = ("node", "door", "isolated")
MOST = 1000  # nodes of a cluster: each is linked with every other
REMEMBERED = 1024  # how many nodes that have left are known as such: news older than that does not arrive


class _Fields(NamedTuple):
    name: str
    incarnation: str
    address: str
    host: str
    capabilities: Mapping[str, object]
    kind: str
    maker: str
    makes: str


class Member(_Fields):
    """What a node says of itself. As a tuple it travels, and `Member(*fields)` checks what has arrived.

    Attributes:
        name: what it is called; of all nodes of a name one is a member at a time.
        incarnation: which of the nodes of that name it is: a text that none before had.
        address: where it listens; empty while it does not.
        host: the host it runs on.
        capabilities: what it offers to agents that require something.
        kind: "node", where agents may be placed; "door", a process that only makes nodes; "isolated", the process of
            one agent.
        maker: the name of the node that made it; empty if none did.
        makes: the names of the nodes it makes, also of those not there at the moment, with slashes between them.

    Raises:
        OptionError: a field is not what it should be.
    """

    __slots__ = ()

    def __new__(
        cls,
        name: str,
        incarnation: str,
        address: str,
        host: str,
        capabilities: Mapping[str, object],
        kind: str = "node",
        maker: str = "",
        makes: str = "",
    ) -> "Member":
        """Check the fields, also those another node has sent."""
        needed = {"name": name, "incarnation": incarnation, "host": host}
        for field, text in (needed | {"address": address, "maker": maker, "makes": makes}).items():
            if not isinstance(text, str) or not text.isprintable() or (not text and field in needed):
                raise OptionError(field, "printable text", text)
        one_of("kind", kind, KINDS)
        offers = checked(capabilities)
        return super().__new__(cls, name, incarnation, address, host, offers, kind, maker, makes)

    @property
    def names(self) -> frozenset[str]:
        """Its own name, and those of the nodes it makes."""
        return frozenset(filter(None, (self.name, *self.makes.split("/"))))

    @property
    def called(self) -> str:
        """What its user calls it, in quotes: a door by the nodes that it makes."""
        return repr(self.makes.replace("/", ", ") if self.kind == "door" and self.makes else self.name)


@dataclass(frozen=True, slots=True)
class Refused:
    """A node cannot be a member; `why` is a sentence."""

    why: str

    def __str__(self) -> str:
        return self.why


class Members:
    """The nodes that are members, by name; those that have left are remembered. A value: what changes it is a new one.

    Iteration gives each `Member`. Members and what is remembered are copied with each change: nodes are few.
    """

    __slots__ = ("_gone", "_here")

    def __init__(self, here: Iterable[Member] = (), gone: Iterable[tuple[str, str]] = ()) -> None:
        self._here = {member.name: member for member in here}
        self._gone = dict.fromkeys(gone)  # (name, incarnation), the oldest first

    def __iter__(self) -> Iterator[Member]:
        return iter(self._here.values())

    def __len__(self) -> int:
        return len(self._here)

    def __contains__(self, name: object) -> bool:
        return name in self._here

    def __getitem__(self, name: str) -> Member:
        return self._here[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Members):
            return NotImplemented
        return self._here == other._here and self._gone == other._gone

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Members({', '.join(self._here)})"

    def get(self, name: str) -> Member | None:
        """The member of that name; None if there is none."""
        return self._here.get(name)

    def joined(self, member: Member) -> "Members | Refused":
        """With a node more. Refused: its name is a living member's, or this very incarnation has left before."""
        living = self._here.get(member.name)
        if living is not None and living.incarnation == member.incarnation:
            return self
        if living is not None:
            return Refused(
                f"name: expected one that no living node has, got: {member.called}, "
                f"which is that of a node of host {living.host!r}"
            )
        if (member.name, member.incarnation) in self._gone:
            return Refused(
                f"incarnation: expected one that has not left before, "
                f"got: {member.incarnation!r} of {member.name!r}"
            )
        return Members((*self._here.values(), member), self._gone)

    def left(self, name: str, incarnation: str) -> "Members":
        """Without that incarnation of a node, which from now on cannot join; another of the name stays.

        News may come twice, or before that of its joining.
        """
        if (name, incarnation) in self._gone:
            return self
        here = (
            member
            for member in self._here.values()
            if member.name != name or member.incarnation != incarnation
        )
        return Members(here, (*self._gone, (name, incarnation))[-REMEMBERED:])

    def returned(self, name: str, incarnation: str) -> "Members":
        """As if that incarnation had not left: it lives, for it has just linked itself anew."""
        gone = (each for each in self._gone if each != (name, incarnation))
        return Members(self._here.values(), gone) if (name, incarnation) in self._gone else self

    def merge(self, told: Iterable[Member], *, me: str | None = None) -> list[Member]:
        """Of the nodes a peer has told of, those that are not members and could join, one for each name.

        Args:
            told: what the peer knows.
            me: the name of the node that asks; it is not among the answer.
        """
        new: dict[str, Member] = {}
        for member in told:
            if member.name == me or member.name in self._here or member.name in new:
                continue
            if (member.name, member.incarnation) not in self._gone:
                new[member.name] = member
        return list(new.values())


def dials(me: str, other: str) -> bool:
    """Whether the node called `me` connects to the one called `other`: of two with different names, just one does."""
    return me < other


def taken(member: Member, others: Iterable[Member]) -> str | None:
    """Why a node cannot come because of its name, or that of a node it makes; None if it can.

    Such a name is taken if another has it, or makes a node of it, be that there or just about to be made anew. Those
    of one name, and those of one maker and it, are not asked here: `Members.joined` decides between incarnations.
    """
    kin = {member.name, member.maker or member.name}
    for other in others:
        both = member.names & other.names
        if both and not kin & {other.name, other.maker}:
            whose = other.name if other.name in both else f"made by {other.name}"
            return (
                f"name: expected one that no living node has, got: {min(both)!r}, "
                f"which is that of a node of host {other.host!r} ({whose})"
            )
    return None
