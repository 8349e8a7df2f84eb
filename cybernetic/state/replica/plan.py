"""What a replica decides: what a peer is due, who is waited for, what may be forgotten, whose store is a copy."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from cybernetic.crdt import Context

MOST_RUNS = 5_000  # of what is known that are told at once


class Due(Enum):
    """What a peer is to be sent."""

    NOTHING = "nothing"
    LACKING = "lacking"
    SHOWN = "shown"
    WHOLE = "whole"


def due(theirs: Context, ours: Context, floor: Context, refusing: bool = False) -> Due:
    """What one who knows `theirs` is due from one who knows `ours`.

    `floor` is what must be known to do without the marks that have been dropped here: who does not, learns the whole
    and gives up what is not in it (`Lattice.retire`), for a removal that nobody remembers cannot be told. A whole is
    learned with all that is in it or not at all, so one who is `refusing` a part is sent what shows, and learns the
    whole when it refuses nothing any more.
    """
    if not floor <= theirs:
        return Due.SHOWN if refusing else Due.WHOLE
    return Due.NOTHING if ours <= theirs else Due.LACKING


def told(what: Due, lacks: Context, spared: Context, left_out: Context) -> Context:
    """What of the changes that one `lacks` it knows when it has been sent what it is due, but for `spared` and
    `left_out`.

    A place that it was not sent stands for all that was written there before, by whomever. Who knew of that, and has
    nothing there, would show something else than one who knows as much and has what was there before. Of a whole there
    is no other way: what is gone from it is gone by what it knows, and to know less would bring that back.
    """
    if what is Due.WHOLE:
        return lacks.minus(left_out)
    if what is Due.SHOWN:
        return Context()
    return lacks.minus(spared.join(left_out).up_to())


class Member(NamedTuple):
    """A replica that is waited for, by its site.

    Attributes:
        starts, replica: the latest start of the site, and its id.
        context: what it knows for certain; nothing, if it was only heard of.
        heard: when it, or of it, was last heard, by the clock of the loop: the wall clock may step.
        kept: whether it keeps its value on a disk.
    """

    starts: int
    replica: str
    context: Context
    heard: float
    kept: bool = True


Members = Mapping[str, Member]

_NOTHING = Context()


class Absent(NamedTuple):
    """A replica that is not waited for any more: its `site`, whether it is `kept` on a disk, given up on `at`."""

    site: str
    kept: bool
    at: float


def other_start(
    members: Members, absent: Mapping[str, Absent], site: str, replica: str, line: Iterable[str]
) -> tuple[int, str] | None:
    """A start of the site `site` that is neither `replica` nor in its `line`, the starts before it; None for none.

    Where there is one, the store that says it is of that site is a copy of the site's, or an old one put back: it may
    not act in the place of those before it, for the other may have. Of two that do not follow each other the first that
    came counts.
    """
    before = {replica, *line}
    known = members.get(site)
    if known is not None and known.replica not in before:
        return max(1, known.starts), known.replica
    return next(((1, one) for one, of in absent.items() if of.site == site and one not in before), None)


def covers(own: Context, members: Iterable[Member], replicas: Iterable[str]) -> bool:
    """Whether `own` has all that any of the members knows of what these replicas wrote."""
    runs = [(one, member.context.runs.get(one, ())) for member in members for one in replicas]
    return all(Context({one: bounds}) <= own for one, bounds in runs)


def settled(
    own: Context, members: Members, own_site: str, absent: Mapping[str, Absent], since: float
) -> list[str]:
    """Ids that need not be told apart any more: of those given up on whatever is known is known to all, for good.

    That is so when their site is there again, under whatever id, and all know the same of them; or where nothing was
    kept on a disk, and they were given up on before `since`: then they do not return.
    """
    return [
        one
        for one, of in absent.items()
        if (not of.kept and of.at < since)
        or (
            (of.site in members or of.site == own_site)
            and all(own.runs.get(one) == member.context.runs.get(one) for member in members.values())
        )
    ]


def heard_of(
    members: Members, known: Iterable[tuple[str, str, float, bool]], own: str, since: float, now: float
) -> dict[str, Member]:
    """The members, with those a peer has heard of after `since`, told by how long ago; `own` is the site that asks."""
    found = dict(members)
    for site, replica, ago, kept in known:
        heard = now - max(0.0, ago)
        if site == own or heard < since:
            continue
        member = found.get(site)
        if member is None:
            found[site] = Member(0, replica, _NOTHING, heard, kept)
        elif member.heard < heard:
            found[site] = member._replace(heard=heard)
    return found


def gone(members: Members, now: float, kept: float, unkept: float) -> list[str]:
    """The sites that are not waited for any more: silent for `kept` seconds, or `unkept` if they keep nothing."""
    return [
        site for site, member in members.items() if now - member.heard > (kept if member.kept else unkept)
    ]


def stable(own: Context, members: Members, absent: Iterable[str]) -> Context:
    """What all who are waited for know for certain, without what replicas that were given up on have written.

    Of each replica the changes from the first to before any that somebody lacks: the mark of a removal names the last
    change at its place, and stands for all before it. Where one of these was not known, it would come up again.
    """
    known = first_runs(own.without(absent))
    for member in members.values():
        known = known.meet(first_runs(member.context))
    return known


def few_runs(context: Context, most: int = MOST_RUNS) -> bool:
    """Whether `context` is in so few runs that all of it may be told each second."""
    return sum([len(bounds) for bounds in context.runs.values()]) <= 2 * most


def portion(context: Context, most: int = MOST_RUNS) -> tuple[Context, Context]:
    """What of `context` is told at once, so many runs of it at most; and the rest."""
    told, rest = dict[str, tuple[int, ...]](), dict[str, tuple[int, ...]]()
    for replica, bounds in context.runs.items():
        told[replica], rest[replica] = bounds[: 2 * most], bounds[2 * most :]
        most -= len(told[replica]) // 2
    return Context(told), Context(rest)


def first_runs(context: Context) -> Context:
    """Of each replica the changes from the first to before any that is missing."""
    return Context({replica: bounds[:2] for replica, bounds in context.runs.items() if bounds[0] == 1})


def diverged(ours: Context, digest: bytes | None, theirs: Context, their_digest: bytes | None) -> bool:
    """Whether two who know the same show something else."""
    if digest is None or their_digest is None or digest == their_digest:
        return False
    return ours == theirs


def snapshot_due(journal: int, snapshot: int, least: int = 256 * 1024) -> bool:
    """Whether `journal` bytes since a snapshot of `snapshot` bytes call for another: when they are as many."""
    return journal > max(least, snapshot)
