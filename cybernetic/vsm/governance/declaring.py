"""What a program declares of policies, put in force before any unit begins: systems 3 and 5 may be away then."""

from contextlib import suppress
from typing import Any

from cybernetic.core import CallError, Ignore, Refusal
from cybernetic.runtime import Agent, Named
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.redeclared import redeclared
from cybernetic.vsm.decisions.rulebook import Rulebook
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.governance.rules import RULES, rules_above, rules_of
from cybernetic.vsm.lives import UNTOLD, Edition, begun_now
from cybernetic.vsm.timing import now

HELD = 100  # revisions of which it is remembered what held

Kept = tuple[Rulebook, tuple[Policy, ...], Edition, int, int, tuple[tuple[int, tuple[Policy, ...]], ...]]
"""What is in the books: the level's own, the inherited and their edition, the life, the revision, and what held."""


def begun(above: PolicyUpdate | None, inherited: tuple[Policy, ...], own: tuple[Policy, ...]) -> Kept:
    """What a level begins with whose books know nothing: what holds `above`, or what is `inherited` as declared."""
    book = redeclared(Rulebook(), own, now())
    if above is None:
        return book, inherited, UNTOLD, begun_now(), 0, ()
    return book, above.policies, above.edition, begun_now(), 0, ()


async def up_to_date(
    system: Any, path: str, known: Kept, inherited: tuple[Policy, ...], own: tuple[Policy, ...]
) -> tuple[Kept, tuple[Entry, ...]]:
    """What the books of a level know, with what is declared now, here (`own`) and above (`inherited`), and with what
    was amended above meanwhile; with the lines of the log on what is new.
    """
    book, held_above, edition, life, revision, held = known
    news = list[Entry]()
    above, sure = await rules_above(system, path, inherited)
    if above is not None and (above.edition > edition or (sure and above.edition != edition)):
        held_above, edition = above.policies, above.edition
        body: dict[str, Any] = {"above": above.revision, "revision": revision + 1}
        news.append(Entry("inherited", path, body, now()))
    declared = redeclared(book, own, now())
    if changes := declared.amendments[book.revision :]:
        adopted = {one.name: one.policy.version for one in changes if one.policy is not None}
        retired = [one.name for one in changes if one.policy is None]
        body = {"adopted": adopted, "retired": retired, "revision": revision + 1}
        news.append(Entry("declared", path, body, now()))
    return (declared, held_above, edition, life, revision, held), tuple(news)


def revised(known: Kept) -> Kept:
    """The same as the next revision, which is remembered."""
    book, inherited, above, life, revision, held = known
    now_held = revision + 1, (*inherited, *book.policies)
    return book, inherited, above, life, revision + 1, (*held, now_held)[-HELD:]


class Declaring(Agent):
    """Brings the books of a level that starts up to date, and is gone: those after it start then. Units go by what the
    books say. What they do not take is for system 5 to say, when it begins.

    Args:
        path: of the level.
        inherited: policies of the levels above, as they are declared.
        own: policies that the level declares.
    """

    def __init__(self, path: str, inherited: tuple[Policy, ...], own: tuple[Policy, ...]) -> None:
        self._path, self._inherited, self._own = path, inherited, own
        self._books: Named[Books] = self.system.named(f"{path}:books", Books)

    async def setup(self) -> None:
        """Do it."""
        with suppress(CallError, Refusal):
            await self._bring(await self._books.call(Books.load, "policy"))
        raise Ignore

    async def _bring(self, known: Kept | None) -> None:
        """Where nothing is known here, there may be something above that is not as declared."""
        news: tuple[Entry, ...] = ()
        fresh: Kept | None
        if known is None:
            above = await rules_of(self.system, level_of(self._path))
            fresh = begun(above, (), self._own) if above is not None else None
        else:
            fresh, news = await up_to_date(self.system, self._path, known, self._inherited, self._own)
        if fresh is not None and fresh != known:
            book, inherited, edition, life, revision, _ = kept = revised(fresh)
            await self._books.call(Books.save, "policy", kept, None, news)
            update = PolicyUpdate(revision, (*inherited, *book.policies), life, edition)
            await self._books.call(Books.save, RULES, update)
