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
from cybernetic.state.replica.plan import (
    Absent,
    Member,
    covers,
    gone,
    heard_of,
    other_start,
    settled,
    stable,
)
from cybernetic.state.replica.status import ReplicaCounts

LINE = 16  # starts of the own store that are remembered


class Roll:
    """Who is who. `record` is what of it was on the disk, as of this start; `kept` whether there is a disk.

    `moved`: the store is another file than before, so it may be a copy. `clock` is the loop's: how long somebody was
    silent, and how long ago this start was, is not for a wall clock, which may step.

    Attributes:
        name: the replicated value's.
        replica: the id of this start: no other start, of this store or another, ever has it.
        site, starts: the store's name, and how often it was started; `line`: ids of the latest starts before this.
        members: the others that are waited for, by site.
        absent: replicas that were given up on, by id: what they wrote last is not forgotten.
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
        clock: Callable[[], float],
        moved: bool = False,
    ) -> None:
        self.name, self.kept = name, kept
        self.replica = token()
        self.site, self.starts, self.line = record.site, max(1, record.starts), record.line
        began = clock()  # whoever was known at the end of the last start has the whole time from now
        self.members: Mapping[str, Member] = {
            site: member._replace(heard=began) for site, member in record.known().items()
        }
        self.absent = {one: Absent(site, kept, began) for one, site, kept in record.absent}
        self.former = [] if moved and not options.trust_store else list(record.former)
        self._began = began
        self._met: dict[str, tuple[str, float]] = {}  # of each site who greeted last, and when
        self._known = frozenset(self.members)  # sites that could know of another start of this store
        self._confirmed = set[str]()
        self._noted: Mapping[str, str] = {site: member.replica for site, member in self.members.items()}
        self.changed = False
        self._options, self._counts, self._clock = options, counts, clock

    def meet(self, hello: Hello) -> Stale | None:
        """Note who says hello. What is returned is to be answered: then whoever it is must not be believed."""
        if hello.site == self.site:
            self.former.clear()  # another start of this store is there: one of both is a copy
            self.changed = True
            if (hello.starts, hello.replica) <= (self.starts, self.replica):
                return Stale(self.site, self.starts, self.replica)
            self._leave()
        # also what is before another's start: then the store was copied while that was in use
        self._alive([hello.replica, *hello.line])
        other = other_start(self.members, self.absent, hello.site, hello.replica, hello.line)
        if other is not None:
            return Stale(hello.site, *other)
        now = self._clock()
        self._met[hello.site] = hello.replica, now
        if hello.noted == self.replica:
            self._confirmed.add(hello.site)
        self._alive([one for _, one, ago, _ in hello.known if now - ago > self._began + MARGIN])
        members = heard_of(self.members, hello.known, self.site, now - self._options.gone_unkept, now)
        before = members.get(hello.site)
        context = hello.context
        if before is not None and before.replica == hello.replica:
            context = context.join(before.context)  # a greeting that was overtaken
        else:
            self.changed = True
        members[hello.site] = Member(hello.starts, hello.replica, context, now, hello.kept)
        if members.keys() != self.members.keys():
            self.changed = True
        self.members = members
        self._hear_of_absent(hello, now)
        return None

    def read(self, stale: Stale) -> bool:
        """A peer knows of another start of a site; if that is ours, and not before us, take another. Whether it was."""
        if stale.site != self.site or stale.replica in (self.replica, *self.line):
            return False
        self._leave()
        return True

    def _leave(self) -> None:
        """The store is a copy, or an old one: be of another site."""
        former, self.site, self.starts = self.site, token(), 1
        self.former.clear()  # they are those of the original
        self.line = ()
        self.changed = True
        self._counts.identified += 1
        if IDENTIFIED.listeners:
            IDENTIFIED.emit(ReplicaIdentified(self.name, self.replica, former, self.site))

    def noted(self, site: str) -> str:
        """Which start of a site will be known here after a restart; "" for none."""
        if self.kept:
            return self._noted.get(site, "")
        return self.members[site].replica if site in self.members else ""

    def evict(self, saved: Context) -> None:
        """Give up on those who have been silent too long, and forget of whom all that they wrote is settled."""
        now = self._clock()
        for site in gone(self.members, now, self._options.gone, self._options.gone_unkept):
            member = self.members[site]
            self.members = {other: one for other, one in self.members.items() if other != site}
            if len(self.absent) < MOST_KNOWN:
                self.absent[member.replica] = Absent(site, member.kept, now)
            self.changed = True
            self._counts.evicted += 1
            if EVICTED.listeners:
                EVICTED.emit(ReplicaEvicted(self.name, self.replica, member.replica, now - member.heard))
        for one in settled(saved, self.members, self.site, self.absent, now - self._options.gone):
            del self.absent[one]
            self.changed = True

    def followed(self, lease: float, saved: Context) -> list[str]:
        """The starts before this one, once it is certain that none of them acts any more; none before.

        A lease must have passed, all who are waited for must have been heard, and all that they know of what the former
        starts wrote must be here (`saved`). Nobody may have heard of a former start since, as they would where this
        store is a copy of one in use, and no other site may have it before its own. And each site that the store knew,
        one at least, must have noted this start on its disk as the one after them: it does so for none that comes
        beside it. Of a store that is trusted this is not asked.
        """
        if not self.former or self._clock() - self._began <= lease + MARGIN:
            return []
        certain = self.members.keys() <= self._met.keys()
        certain &= covers(saved, self.members.values(), self.former)
        if not self._options.trust_store:
            certain &= bool(self._known) and self._known <= (self._confirmed & self.members.keys())
        return list(self.former) if certain else []

    def stable(self, own: Context) -> Context:
        """What all who are waited for, and this one, know for certain."""
        return stable(own, self.members, self.absent)

    def known(self, site: str) -> tuple[tuple[str, str, float, bool], ...]:
        """The members, as they are told to one of `site`; "" for one not met yet, who may be of any.

        A start of its own site it takes for one that acts beside it. So it is told of that only where this start was
        greeted by that very one, and when: the disk may have it from before, and others say that the site was heard.
        """
        now, told = self._clock(), list[tuple[str, str, float, bool]]()
        for of, one in self.members.items():
            at = self._greeted(of, one.replica) if site in ("", of) else one.heard
            if at is not None:
                told.append((of, one.replica, max(0.0, now - at), one.kept))
        return tuple(told[:MOST_KNOWN])

    def given_up(self) -> tuple[tuple[str, str, float, bool], ...]:
        """Those who are not waited for, as they are told to others."""
        now, rows = self._clock(), sorted(self.absent.items())
        return tuple([(one, of.site, max(0.0, now - of.at), of.kept) for one, of in rows])

    def recorded(self) -> dict[str, Any]:
        """What the disk keeps of it."""
        members = tuple([(site, *member) for site, member in self.members.items()])
        return {
            "site": self.site,
            "starts": self.starts,
            "members": members,
            "absent": tuple([(one, of.site, of.kept) for one, of in sorted(self.absent.items())]),
            "former": (*self.former, self.replica),
            "line": (*self.line, self.replica)[-LINE:],
        }

    def is_on_disk(self, record: Record) -> None:
        """The disk has learned of `record`."""
        self._noted = {site: member.replica for site, member in record.known().items()}

    def _greeted(self, site: str, replica: str) -> float | None:
        """When that start of the site greeted this one; None if it did not, or another has since."""
        latest, at = self._met.get(site, ("", 0.0))
        return at if latest == replica else None

    def _alive(self, replicas: list[str]) -> None:
        for replica in replicas:
            if replica in self.former:
                self.former.remove(replica)

    def _hear_of_absent(self, hello: Hello, now: float) -> None:
        for one, site, ago, kept in hello.absent:
            told = one in self.absent or one == self.replica
            if told or len(self.absent) == MOST_KNOWN or (not kept and ago > self._options.gone):
                continue
            self.absent[one] = Absent(site, kept, now - ago)
            self.changed = True
