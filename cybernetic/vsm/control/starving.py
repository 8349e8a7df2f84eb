"""Units of whose spending nothing comes, and of which nothing is heard any more: somebody has to look at them (1.3)."""

from collections.abc import Collection
from typing import Any

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.ladder.signals import Cause, Pain, Severity
from cybernetic.vsm.operations.messages import Accountability

KEY, WORTHLESS = "starving", "worthless"
NEVER = 10  # tasks that have ended, none of them well
WHY = "what it spends is worth nothing, so it gets next to nothing, and cannot show that it is better"


class Starving:
    """Who is worth nothing is given little, and what is given little is silent: then no index says that it is so.

    A unit whose worth has fallen, or that did none of so many tasks well, hurts when it has ended no task for as long
    as the level has to mend what hurts, once, until one is done well: what does not
    arrive is a missed beat (amendment 14).

    Args:
        control: who speaks for it.
        units: their paths.
        after: seconds of silence, > 0.
        at: the time.
    """

    def __init__(self, control: Any, units: Collection[str], after: float, at: float) -> None:
        self._control, self._after = control, after
        self._heard = dict.fromkeys(units, at)  # when each ended a task last
        self._failed = dict.fromkeys(units, 0)  # tasks that ended since one was done well
        self._felt: tuple[str, ...] = ()
        self._worthless: tuple[str, ...] = ()  # as is in the books
        self._known: frozenset[str] = frozenset()  # who was, by the books, and has done none well since

    async def begin(self) -> None:
        """Go on from the books."""
        self._felt = await self._control.books.call(Books.load, KEY) or ()
        self._worthless = await self._control.books.call(Books.load, WORTHLESS) or ()
        self._known = frozenset(self._worthless)

    async def take(self, account: Accountability, at: float) -> None:
        """A unit has accounted."""
        path = account.path
        if path not in self._heard or not account.done + account.failed:
            return
        self._heard[path] = at
        self._known -= {path} if account.done else frozenset()
        self._failed[path] = 0 if account.done else self._failed[path] + account.failed
        if account.done and path in self._felt:
            self._felt = tuple(one for one in self._felt if one != path)
            await self._control.keep(KEY, self._felt)
            self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(_pain(path, at).key))

    async def turn(self, fallen: Collection[str], at: float) -> None:
        """Feel those that starve; `fallen` are the units whose worth has."""
        worthless = tuple(path for path in self._heard if self._is_worthless(path, fallen))
        if worthless != self._worthless:
            self._worthless = worthless
            await self._control.keep(WORTHLESS, worthless)
        for path in worthless:
            if at - self._heard[path] >= self._after and path not in self._felt:
                self._felt = (*self._felt, path)
                entry = self._control.entry("starving", {"unit": path, "why": WHY})
                await self._control.keep(KEY, self._felt, None, entry)
                self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(_pain(path, at)))

    def _is_worthless(self, path: str, fallen: Collection[str]) -> bool:
        return path in fallen or path in self._known or self._failed[path] >= NEVER


def _pain(path: str, at: float) -> Pain:
    return Pain(path, "starving", Cause.HEARTBEAT, Severity.ALERT, 1.0, at)
