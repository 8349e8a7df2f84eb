"""The roll: who this replica is, and which others it waits for before it drops the marks of what was removed."""

from collections.abc import Callable, Mapping
from typing import Any

from cybernetic.core import token
from cybernetic.crdt import Context
from cybernetic.state.replica.archive import Record
from cybernetic.state.replica.custody import MARGIN
from cybernetic.state.replica.events import EVICTED, IDENTIFIED, ReplicaEvicted, ReplicaIdentified
from cybernetic.state.replica.frames import MOST_KNOWN, Hello, Stale
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.plan import Member, gone, heard_of, newer, stable
from cybernetic.state.replica.status import ReplicaCounts


class Roll:
    """Who is who. `record` is what of it was on the disk, as of this start; `kept` whether there is a disk.

    Attributes:
        name: the replicated value's.
        replica: the id of this start: no other start, of this store or another, ever has it.
        site, starts: the store's name, and how often it was started.
        members: the others that are waited for, by site.
        absent: ids of replicas that were given up on: what they wrote last is not forgotten.
        former: ids of the starts of the same store before this one, in order, that may have left rights to spend.
        changed: whether the disk is to learn of members or site.
    """

    def __init__(
        self,
        name: str,
        record: Record,
        kept: bool,
        options: ReplicaOptions,
        counts: ReplicaCounts,
        now: Callable[[], float],
    ) -> None:
        self.name, self.kept = name, kept
        self.replica = token()
        self.site, self.starts = record.site, max(1, record.starts)
        heard = now()  # whoever was known at the end of the last start has the whole time from now
        self.members: Mapping[str, Member] = {
            site: member._replace(heard=heard) for site, member in record.known().items()
        }
        self.absent = set(record.absent)
        self.former = list(record.former)
        self._began, self._met = heard, set[str]()
        self.changed = False
        self._options, self._counts, self._now = options, counts, now

    def meet(self, hello: Hello) -> Stale | None:
        """Note who says hello. What is returned is to be answered: then whoever it is must not be believed."""
        if hello.site == self.site:
            self.read(Stale(hello.site, hello.starts, hello.replica))
            if hello.site == self.site:
                return Stale(self.site, self.starts, self.replica)
        later = newer(self.members, hello.site, hello.starts, hello.replica)
        if later is not None:
            return Stale(hello.site, max(1, later.starts), later.replica)
        now = self._now()
        self._met.add(hello.site)
        self._alive([hello.replica, *[one for _, one, at, _ in hello.known if at > self._began + MARGIN]])
        members = heard_of(self.members, hello.known, self.site, now - self._options.gone_unkept, now)
        before = members.get(hello.site)
        context = hello.context
        if before is not None and before.replica == hello.replica:
            context = context.join(before.context)  # a greeting that was overtaken
        members[hello.site] = Member(hello.starts, hello.replica, context, now, hello.kept)
        new_absent = set(hello.absent) - self.absent - {self.replica}
        self.absent |= set(list(new_absent)[: MOST_KNOWN - len(self.absent)])
        if new_absent or before is None or members.keys() != self.members.keys():
            self.changed = True
        self.members = members
        return None

    def read(self, stale: Stale) -> bool:
        """A peer says that a site was started later than this; if that is ours, take another. Whether it was."""
        if stale.site != self.site or (stale.starts, stale.replica) <= (self.starts, self.replica):
            return False
        former, self.site, self.starts = self.site, token(), 1
        self.former.clear()  # they are those of the original
        self.changed = True
        self._counts.identified += 1
        if IDENTIFIED.listeners:
            IDENTIFIED.emit(ReplicaIdentified(self.name, self.replica, former, self.site))
        return True

    def evict(self) -> None:
        """Give up on those who have been silent too long."""
        now = self._now()
        for site in gone(self.members, now, self._options.gone, self._options.gone_unkept):
            member = self.members[site]
            self.members = {other: one for other, one in self.members.items() if other != site}
            if len(self.absent) < MOST_KNOWN:
                self.absent.add(member.replica)
            self.changed = True
            self._counts.evicted += 1
            if EVICTED.listeners:
                EVICTED.emit(ReplicaEvicted(self.name, self.replica, member.replica, now - member.heard))

    def followed(self, lease: float) -> list[str]:
        """The starts before this one, once it is certain that none of them acts any more; none before.

        A lease must have passed, in which all who are waited for were heard, and nobody had heard of a former start,
        as they would where this store is a copy of one in use.
        """
        certain = self._now() - self._began > lease + MARGIN and self.members.keys() <= self._met
        return list(self.former) if certain else []

    def _alive(self, replicas: list[str]) -> None:
        for replica in replicas:
            if replica in self.former:
                self.former.remove(replica)

    def stable(self, own: Context) -> Context:
        """What all who are waited for, and this one, know for certain."""
        return stable(own, self.members, self.absent)

    def known(self) -> tuple[tuple[str, str, float, bool], ...]:
        """The members, as they are told to others."""
        return tuple(
            [(site, one.replica, one.heard, one.kept) for site, one in self.members.items()][:MOST_KNOWN]
        )

    def recorded(self) -> dict[str, Any]:
        """What the disk keeps of it."""
        members = tuple([(site, *member) for site, member in self.members.items()])
        return {
            "site": self.site,
            "starts": self.starts,
            "members": members,
            "absent": tuple(sorted(self.absent)),
            "former": (*self.former, self.replica),
        }
