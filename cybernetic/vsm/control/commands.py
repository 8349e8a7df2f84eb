"""What system 3 commands each unit: a state with a version, told again until the unit says that it goes by it."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.channel import Channel
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.lives import UNTOLD, Edition, begun_now, outbid
from cybernetic.vsm.operations.messages import Command, Intervention, Obeyed, Rung

KEY = "commands"
ROUND = 0.5  # seconds of a round that may go into waiting for answers
LASTING = (Rung.THROTTLE, Rung.SUSPEND)  # what a unit that begins anew has to go on with


class Commands:
    """The commands of one level to its units.

    A successor goes on from the books, under the same life. Who begins without any lives later than all before him, so
    that his word is taken by a unit that remembers theirs, as one elsewhere does.

    Args:
        control: who speaks for it.
        units: their paths.
        patience: with them.

    Attributes:
        known: the edition that each unit says it goes by.
    """

    def __init__(self, control: Any, units: Collection[str], patience: Patience) -> None:
        self._control, self._patience = control, patience
        self._life = self._revision = 0
        self._told: dict[str, Command] = {}
        self._done: dict[
            str, tuple[Intervention, ...]
        ] = {}  # what is done once, and was before a unit began anew
        self.known: dict[str, Edition] = dict.fromkeys(units, UNTOLD)
        self._met: set[str] = set()  # who has obeyed in this life
        self._on_its_way: set[str] = set()
        self._whys: dict[str, Why | None] = {}  # of what was new last, by unit

    async def begin(self) -> None:
        """Go on from the books."""
        known = await self._control.books.call(Books.load, KEY)
        self._life, self._revision, self._told, self._done = known or (begun_now(), 0, {}, {})

    async def put(self, wanted: Mapping[str, Command], why: Why | None = None) -> None:
        """What is to hold in units, by path: what is new of that, and `why`, has a version, and is in the books."""
        left = {unit: self._without_done(unit, one) for unit, one in wanted.items()}
        new = {unit: one for unit, one in left.items() if one.content != self._last(unit).content}
        if new:
            for unit, one in new.items():
                self._write(unit, one)
                self._whys[unit] = why
            await self._save()

    async def tell(self, units: Collection[str]) -> None:
        """Tell those of the units that do not know the last; wait for their answers as long as one may take."""
        tasks = [self._control.task(self._say(unit)) for unit in units if self._due(unit)]
        if tasks:
            await asyncio.wait(tasks, timeout=ROUND)

    def again(self, away: Collection[str]) -> None:
        """Tell all once more that do not know, but for who is away."""
        for unit in self.known.keys() - away:
            if self._due(unit):
                self._control.task(self._say(unit))

    async def heard(self, unit: str, edition: Edition) -> None:
        """A unit says by which command it goes.

        One that has begun anew and knows of none is not told again to do what is done once; one that goes by the word
        of somebody before this life is told what holds now, if that is nothing.
        """
        if unit not in self.known:
            return
        before, self.known[unit] = self.known[unit], edition
        last = self._last(unit)
        if edition == UNTOLD != before:
            self._done[unit] = tuple(one for one in last.held if one.rung not in LASTING)
            self._write(unit, self._without_done(unit, last))
        elif edition > last.edition and unit not in self._met:
            self._life = outbid(self._life, edition[0])
            for path in self._told.keys() | {unit}:
                self._write(path, self._last(path))
        else:
            if edition == last.edition:
                self._met.add(unit)
            return
        await self._save()

    def standing(self) -> dict[str, tuple[int, int]]:
        """By unit the revision of what it was told last, and of what it goes by; 0: of nothing of this life."""
        return {
            unit: (self._last(unit).revision, revision if life == self._life else 0)
            for unit, (life, revision) in self.known.items()
        }

    def _last(self, unit: str) -> Command:
        return self._told.get(unit) or Command()

    def _due(self, unit: str) -> bool:
        return self._last(unit).edition > self.known[unit] and unit not in self._on_its_way

    def _without_done(self, unit: str, one: Command) -> Command:
        done = self._done.get(unit, ())
        return replace(one, held=tuple(each for each in one.held if each not in done)) if done else one

    def _write(self, unit: str, one: Command) -> None:
        self._revision += 1
        self._told[unit] = replace(one, life=self._life, revision=self._revision)

    async def _say(self, unit: str) -> None:
        """Until it knows the last, or is away: then the next round tells it."""
        if unit in self._on_its_way:
            return
        self._on_its_way.add(unit)
        try:
            while self._last(unit).edition > self.known[unit]:
                command = self._last(unit)
                said = await self._patience.ask(Channel.COMMAND, command, unit, self._whys.get(unit))
                if not isinstance(said, Obeyed) or said.edition < command.edition:
                    return
                await self.heard(unit, said.edition)
        except (CallError, Refusal):
            return
        finally:
            self._on_its_way.discard(unit)

    async def _save(self) -> None:
        await self._control.keep(KEY, (self._life, self._revision, dict(self._told), dict(self._done)))
