"""What a replica does for rights to spend without being asked: it follows, leases, takes back, leaves, and ends.

It looks after each `Escrow` in its value: the value itself, or those in maps.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from cybernetic.core import Refusal, Stop, loop_clock
from cybernetic.crdt import Escrow, Lattice, RightsLacking
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.custody import Custody, following, left_by, over, parting, step
from cybernetic.state.replica.ending import ReplicaOver
from cybernetic.state.replica.escrows import Escrows, Place, counter, put
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.options import ReplicaOptions
from cybernetic.state.replica.roll import Roll

_LOOKS = 8  # times in a lease that one which did not change is looked at
_TOGETHER = 20  # counters looked at between which the loop is not given back
_MOST = 100  # refusals for want of rights that are kept until the next look


async def _pause(n: int) -> None:
    """Give the loop back, when so many counters have been looked at."""
    if n % _TOGETHER == _TOGETHER - 1:
        await asyncio.sleep(0)


async def left_in(value: Lattice, escrows: Escrows, former: list[str]) -> list[str]:
    """Those of former starts that have anything left anywhere in a value, in order: see `left_by`."""
    found: set[str] = set()
    for n, place in enumerate(escrows):
        await _pause(n)
        found |= set(left_by(counter(value, place), former))
    if escrows.may_come:
        found |= set(left_by(Escrow(), former))
    return [one for one in former if one in found]


class Rights:
    """The rights of one replica, in all of `escrows`.

    `write` joins and tells a delta; `fits` says of one whether others can be told it, and `refused` is called where
    they cannot: then it is not made.
    """

    def __init__(
        self,
        escrows: Escrows,
        copy: Copy[Any],
        roll: Roll,
        exchange: Exchange[Any],
        options: ReplicaOptions,
        now: Callable[[], float],
        write: Callable[[Any], None],
        fits: Callable[[Any], bool],
        refused: Callable[[], None],
    ) -> None:
        self._escrows, self._copy, self._roll, self._exchange = escrows, copy, roll, exchange
        self._options, self._now, self._write = options, now, write
        self._fits, self._refused = fits, refused
        self._clock = loop_clock(asyncio.get_running_loop())
        self._company: object = None
        self._lacking: list[RightsLacking] = []
        self._parts = False
        self.ends = False
        copy.on_part = escrows.joined

    async def keep(self) -> None:
        """Do what a guardian, a ward, or one who follows another has to do, one thing a turn of the loop.

        Raises `Stop` where it was said that this one never acts again.
        """
        if not self._escrows or self._copy.rejoining:
            return
        lease = self._options.lease
        former = self._roll.followed(lease, self._copy.saved)
        live, guardians = self._exchange.live(lease / 3), self._exchange.live(lease / 3, guardians=True)
        company = former, sorted(live), sorted(guardians)
        if company != self._company:
            self._company = company
            self._escrows.again(self._clock())
        await self._ask()
        for n, place in enumerate(self._escrows.due(self._clock() - lease / _LOOKS)):
            await _pause(n)
            if place is None:
                await asyncio.sleep(0)
            else:
                await self._care(place, former, live, guardians)

    async def _care(
        self, place: Place, former: Collection[str], live: Collection[str], guardians: Collection[str]
    ) -> None:
        options, copy, me = self._options, self._copy, self._roll.replica
        while not copy.rejoining and not self._parts:
            value = counter(copy.value, place)
            if over(value, me):
                await self._end(live)
                return
            delta = following(value, me, former) or step(
                value,
                me,
                self._role(value, place),
                guardians,
                live,
                self._now(),
                options.lease,
                options.slice,
                lambda delta: self._fits(put(copy.value, place, delta)),
            )
            if delta is None or not self._made(place, delta):
                self._escrows.looked(place, self._clock())
                return
            await asyncio.sleep(0)

    def _role(self, value: Escrow, place: Place) -> Custody:
        """A ward of many counters chooses its guardian where it has anything, and not in all of them."""
        role, me = self._options.custody, self._roll.replica
        if role == "ward" and place and not value.rights(me) and value.store.trie.get(me) is None:
            return "none"
        return role

    def _made(self, place: Place, delta: Escrow) -> bool:
        """Join and tell a delta of the counter at a place; False if others could not be told."""
        whole = put(self._copy.value, place, delta)
        if not self._fits(whole):
            self._refused()
            return False
        self._write(whole)
        return True

    async def _end(self, live: Collection[str]) -> None:
        """End, as soon as all that was acknowledged is on the disk, or with a peer where there is none."""
        self.ends = self._roll.kept or bool(live)
        await self._copy.lasting()
        if (self._roll.kept or self._exchange.heard_all()) and not self._parts:
            raise Stop(ReplicaOver(self._roll.name, self._roll.replica))

    def refused(self, error: Refusal) -> None:
        """An edit was refused: where rights are there and only not leased, ask for them soon."""
        if not isinstance(error, RightsLacking) or error.replica != self._roll.replica:
            return
        if error.has < error.wanted and len(self._lacking) < _MOST:
            self._lacking.append(error)

    async def _ask(self) -> None:
        """Ask for what edits lacked: where they lacked it, or, if that has changed since, wherever it is not leased."""
        lacking, self._lacking = self._lacking, []
        me = self._roll.replica
        for error in {(error.wanted, error.seen): error for error in lacking}.values():
            there = []
            for n, place in enumerate(self._escrows):
                await _pause(n)
                if self._seen(place) == error.seen:
                    there.append(place)
            for n, place in enumerate(there or self._escrows):
                await _pause(n)
                value = counter(self._copy.value, place)
                has = 0 if over(value, me) or not value.keeper(me) else value.rights(me)
                if error.wanted <= has and (asked := value.ask(me, error.wanted)):
                    self._made(place, asked)

    def _seen(self, place: Place) -> tuple[Any, ...]:
        row = counter(self._copy.value, place).store.trie.get(self._roll.replica)
        return () if row is None else tuple(row.seen)

    async def part(self) -> None:
        """Leave rights to spend to who lives on."""
        self._parts = True
        options, copy, me = self._options, self._copy, self._roll.replica
        if options.custody == "none" or not self._escrows:
            return
        live = self._exchange.live(options.lease / 3)
        for n, place in enumerate(self._escrows):
            await _pause(n)
            value = counter(copy.value, place)
            if not over(value, me) and (delta := parting(value, me, live, self._now())):
                self._made(place, delta)
        await copy.lasting()
