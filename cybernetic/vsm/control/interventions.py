"""The interventions of system 3: each with its reason and its end, in the books, beside those of the level above."""

from collections.abc import Collection, Mapping
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.control.commands import ROUND, Commands
from cybernetic.vsm.control.lasting import Lasting
from cybernetic.vsm.control.messages import Charge
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.control.rungs import WORTH, Breach, climb, outside, renewed
from cybernetic.vsm.control.taken_out import TakenOut
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.operations.kinds import Kinds
from cybernetic.vsm.operations.leave import Leave
from cybernetic.vsm.operations.messages import WHOLE, Command, Intervention, Obeyed, Out, Resumption, Rung
from cybernetic.vsm.recursion.handing import taken_out
from cybernetic.vsm.timing import now

BENT = 0.5  # what a unit weighs with which system 3 bargains anew


class Interventions:
    """What system 3 of one level has done to its units.

    Args:
        control: who speaks for it.
        charges: its units, by path.
        term: seconds for which a rung stands.
        patience: with its units.

    Attributes:
        commands: how its units are told.
        held: its own that are in force, by unit.
        quarantined: the ports that it has taken out of use, by name.
        above: what the level above commands this level as a whole.
        made: how many there were, by unit.
    """

    def __init__(self, control: Any, charges: Mapping[str, Charge], term: float, patience: Patience) -> None:
        self._control, self._charges, self._term = control, charges, term
        self._patience = patience
        self.commands = Commands(control, charges, self._patience)
        self.held: dict[str, Intervention] = {}
        self.above = Command()
        self._freed: dict[str, int] = {}  # how often a person has let go on a port, or a unit (its path)
        self.quarantined: dict[str, Quarantine] = {}
        self.made = dict.fromkeys(charges, 0)
        self._source: dict[str, tuple[float, str]] = {}  # the last of them, and when, by unit
        self._kinds = Kinds({path: charge.kinds for path, charge in charges.items()})
        self._standing: dict[str, dict[str, str]] = {}  # why, by index, of what is out of bounds, by unit
        self._whys: dict[tuple[str, str], Why] = {}  # what was said when it was, by unit and index
        self._breaches: dict[str, Breach] = {}
        self._taken_out = TakenOut(control)
        self._lasting = Lasting(term)

    async def begin(self) -> None:
        """Go on from the books."""
        known = await self._control.books.call(Books.load, "interventions")
        if known is not None:
            self.held, self._breaches, self._standing, self.quarantined, self.above, self._freed = known
            self._lapse(now())
            self._taken_out.turn(self._for_long(), now())  # as a predecessor did
        await self.commands.begin()

    # What is out of bounds.

    def breached(self, unit: str, index: str, why: str, note: Why | None = None) -> None:
        """An index of a unit is out of bounds, and has been for longer than the unit had to mend it. `note`: by whose
        word.
        """
        if note is not None:
            self._whys[unit, index] = note
        self._standing.setdefault(unit, {})[index] = why

    def mended(self, unit: str, index: str) -> None:
        """It is not any more."""
        self._standing.get(unit, {}).pop(index, None)

    def seen(self, unit: str, aches: Collection[str]) -> None:
        """A unit says what aches: what does not is mended, and what is back while a rung stands for it is not, nor what
        lasts. Who is out, and is there for a moment as all have begun anew, knows nothing.
        """
        if unit in self.held and self.held[unit].rung is Rung.DISSOLVE:
            return
        for index in tuple(self.standing(unit)):
            if index != WORTH and index not in aches:
                self.mended(unit, index)
        known = self._breaches.get(unit)
        if known is not None and known.index in aches:
            self.breached(unit, known.index, known.why)
        for index in self._lasting.seen(unit, aches, now()):
            self.breached(unit, index, outside(index))

    def standing(self, unit: str) -> Mapping[str, str]:
        """Why, by index, of what is out of bounds."""
        return self._standing.get(unit, {})

    async def turn(self, at: float, silent: Collection[str]) -> None:
        """Let lapse what has come to its end, go a rung further where the last did not help, and tell who does not
        know. Of units that are `silent` nobody knows whether it helped: one that cannot start is not to be taken out.
        """
        await self._keep_out(at)
        self._lapse(at)
        self._tell_out()
        self._control.tell_lifted()
        await self.commands.put({unit: self._wanted(unit) for unit in self._charges})
        self.commands.again(away={unit for unit, one in self.held.items() if one.rung is Rung.DISSOLVE})
        for unit in self._charges:
            if self._by_request(unit):
                continue
            known = self._breaches.get(unit)
            if known is not None and unit in silent:
                continue
            last = Rung.REPLACE if self._lonely(unit) else Rung.DISSOLVE
            after, one = climb(known, self.standing(unit), at, self._term, last)
            if after is None:
                self._breaches.pop(unit, None)
            else:
                self._breaches[unit] = after
            if one is not None:
                self._control.task(self.intervene(one, unit, note=self._whys.get((unit, one.index))))
            elif after != known:
                await self._save()
        self._taken_out.turn(self._for_long(), at)

    def _for_long(self) -> dict[str, str]:
        """Why, by unit, of those that are out because something stands in them, which does not change meanwhile."""
        out = Rung.DISSOLVE
        return {
            unit: f"{one.index}: {one.why}"
            for unit, one in self._breaches.items()
            if one.rung is out and (unit not in self.held or self.held[unit].rung is out)
        }

    def _lapse(self, at: float) -> None:
        self.held = {path: one for path, one in self.held.items() if at < one.until}

    def _by_request(self, unit: str) -> bool:
        """Whether a person has suspended it: nothing that system 3 thinks of takes that back."""
        one = self.held.get(unit)
        return one is not None and not one.index and one.rung is Rung.SUSPEND

    def _lonely(self, unit: str) -> bool:
        """Whether there is no other unit that could do some of its work."""
        return self._kinds.needs(
            unit, [path for path in self._charges if path != unit and not self._out(path)]
        )

    def _out(self, unit: str) -> bool:
        one = self.held.get(unit)
        return one is not None and one.rung >= Rung.SUSPEND and one.rung is not Rung.REPLACE

    # What is done.

    async def intervene(self, one: Intervention | Resumption, *units: str, note: Why | None = None) -> None:
        """Intervene in units, or end that before its time: in the books first; it ends by itself. All are told at the
        same time: one that hangs keeps nobody else waiting. `note`: because of which.
        """
        before, at = {unit: self.held.pop(unit, None) for unit in units}, now()
        for unit in units:
            if isinstance(one, Intervention):
                self.held[unit] = one
                self.made[unit] = self.made.get(unit, 0) + 1
                self._source[unit] = at, f"{one.rung.name} at {at}"
            else:
                self._let_go(unit)
        await self._save(*(self._entry(unit, one, at).because(note) for unit in units))
        for unit, held in before.items():
            if held is not None and held.rung is Rung.DISSOLVE:
                await self._restore(unit)
        if isinstance(one, Intervention) and one.rung is Rung.DISSOLVE:
            for unit in units:
                await self._dissolve(unit, one)
        else:
            await self._tell(units, note)

    def _let_go(self, unit: str) -> None:
        self._breaches.pop(unit, None)
        self._standing.pop(unit, None)
        self._lasting.excuse(unit)
        self._freed[unit] = self._freed.get(unit, 0) + 1

    def _entry(self, unit: str, one: Intervention | Resumption, at: float) -> Entry:
        what = one.rung.name if isinstance(one, Intervention) else "RESUMED"
        until = one.until if isinstance(one, Intervention) else None
        body = {"unit": unit, "rung": what, "why": one.reason, "until": until}
        return Entry("intervention", self._control.path, body, at)

    async def quarantine(self, one: Quarantine, note: Why | None = None) -> None:
        """Take a port out of use in all units, or put it back, because of a `note`."""
        if one.lifted:
            self.quarantined.pop(one.port, None)
            self._freed[one.port] = self._freed.get(one.port, 0) + 1
        else:
            self.quarantined[one.port] = one
        await self._save(self._quarantined(one).because(note))
        self._control.tell_of(one, note)
        await self._tell(self._charges, note)

    def _quarantined(self, one: Quarantine) -> Entry:
        body = {"port": one.port, "why": one.reason, "lifted": one.lifted}
        return Entry("quarantine", self._control.path, body, now())

    async def obey(self, command: Command, note: Why | None = None) -> Obeyed:
        """What the level above commands this level as a whole holds in all its units, beside what is its own. What is
        let go up there is let go here, whoever held it; where that cannot be yet, nothing is obeyed yet.
        """
        before = self.above
        freed = command.frees(before)
        if command.edition > before.edition and (WHOLE not in freed or await self._let_all_go()):
            self.above = command
            for port in freed - {WHOLE}:
                self.quarantined.pop(port, None)
            if WHOLE in freed:
                self.held = {unit: one for unit, one in self.held.items() if one.rung is Rung.DISSOLVE}
                for unit in self._charges:
                    self._let_go(unit)
            for unit in self._charges if command.new(before) else ():
                self.made[unit] += len(command.new(before))
                self._source[unit] = now(), f"command {command.life}.{command.revision} from above"
            ports = self._put_out_or_back(command, before, freed)
            entries = [*self._obeyed(command, before, freed), *(self._quarantined(one) for one in ports)]
            await self._save(*(entry.because(note) for entry in entries))
            for one in ports:
                self._control.tell_of(one, note)
            await self._tell(self._charges, note)
        return Obeyed(self._control.path, *self.above.edition)

    async def _let_all_go(self) -> bool:
        """A person lets the level go on, so it is not held any more as nobody had answered; whether that is known."""
        system, path = self._control.system, self._control.path
        if "algedonic" in taken_out(system, path):
            return True
        node = system.named(f"{path}:algedonode", Algedonode)
        try:
            await node.within(ROUND).call(Algedonode.resumed, path)
        except CallError:
            return False
        return True

    def _obeyed(self, command: Command, before: Command, freed: Collection[str]) -> list[Entry]:
        """For the log of this level, and whoever looks there."""
        words: list[Intervention | Resumption] = list(command.new(before))
        if WHOLE in freed:
            words.append(Resumption("the level above lets it go on"))
        return [self._entry(unit, word, now()) for word in words for unit in self._charges]

    def _put_out_or_back(self, command: Command, before: Command, freed: Collection[str]) -> list[Quarantine]:
        """The ports that are out of use from now on, and those that are put back."""
        out = [
            Quarantine(port, why)
            for port, why in command.quarantined.items()
            if port not in before.quarantined
        ]
        back = (before.quarantined.keys() - command.quarantined.keys()) | (set(freed) - {WHOLE})
        why = "the level above lets it be used"
        return out + [Quarantine(port, why, lifted=True) for port in sorted(back)]

    def holds(self, unit: str) -> tuple[Intervention, ...]:
        """All that stands in a unit: what is this level's own, then what the level above commands."""
        own = self.held.get(unit)
        return tuple(one for one in (*((own,) if own else ()), *self.above.held) if now() < one.until)

    @property
    def held_above(self) -> bool:
        """Whether the level above lets this one not work as it would."""
        return any(now() < one.until and one.rung in (Rung.THROTTLE, Rung.SUSPEND) for one in self.above.held)

    def lifted(self) -> dict[str, int]:
        """How often ports were put to use again, by name, here and above."""
        names = {name for name in self._freed if name not in self._charges} | self.above.freed.keys() - {
            WHOLE
        }
        return {name: self._freed.get(name, 0) + self.above.freed.get(name, 0) for name in names}

    def _wanted(self, unit: str) -> Command:
        """What a unit is to be commanded now. One that is dissolved is not there to be told."""
        above = self.above
        out = {**above.quarantined, **{port: one.reason for port, one in self.quarantined.items()}}
        freed = self.lifted()
        freed[WHOLE] = self._freed.get(unit, 0) + above.freed.get(WHOLE, 0)
        held = tuple(one for one in self.holds(unit) if one.rung is not Rung.DISSOLVE)
        return Command(0, 0, held, out, {name: times for name, times in freed.items() if times})

    async def _tell(self, units: Collection[str], note: Why | None) -> None:
        await self.commands.put({unit: self._wanted(unit) for unit in units}, note)
        await self.commands.tell(units)

    async def command(self, unit: str, body: object) -> Any:
        """Say it to the management of a unit; its answer, or the error where there is none."""
        try:
            return await self._patience.ask(Channel.COMMAND, body, unit)
        except (CallError, Refusal) as error:
            return error

    @property
    def watched(self) -> set[str]:
        """The units in which something is out of bounds, or is done about it."""
        return {unit for unit in self._charges if self._standing.get(unit) or self.holds(unit)}

    def bent(self, weights: Mapping[str, float], declared: Mapping[str, float]) -> dict[str, float]:
        """The weights; those that are watched have no more than was `declared`, and less where bargained with anew."""
        watched = self.watched
        found = {}
        for unit, weight in weights.items():
            again = any(one.rung is Rung.REBARGAIN for one in self.holds(unit))
            least = min(weight, declared.get(unit, weight)) if unit in watched else weight
            found[unit] = least * (BENT if again else 1.0)
        return found

    def sparing(
        self, tasks: Mapping[str, int], counted: Mapping[str, tuple[float, str]]
    ) -> dict[str, tuple[float, str]]:
        """Interventions in each unit for a thousand of its `tasks`: each takes something of its autonomy. With each
        comes its source: the last task that was `counted`, with when, or the last intervention ("SUSPEND at 3.5", as
        the log has it), whichever came later.
        """
        none = 0.0, ""
        found = {}
        for unit, made in self.made.items():
            _, source = max(counted.get(unit, none), self._source.get(unit, none), key=lambda one: one[0])
            found[unit] = 1000.0 * made / max(1, tasks.get(unit, 0)), source
        return found

    # A unit is taken out.

    async def _dissolve(self, unit: str, one: Intervention) -> None:
        """Its work goes to the others; it is back when its time is over, whether system 3 lives then or not."""
        self._tell_out()
        try:
            await self._operations(Leave.give, unit, one.until)
        except (CallError, Refusal) as error:
            await self._control.jot("failed", {"unit": unit, "rung": one.rung.name, "why": str(error)})

    async def _keep_out(self, at: float) -> None:
        """Who is out, and for what has not changed, stays out: that is nothing new, and stands in no log. Who is there
        all the same, as all units have begun anew, is taken out again.
        """
        out = {unit: one for unit, one in self.held.items() if one.rung is Rung.DISSOLVE and at < one.until}
        longer = {}
        for unit, one in out.items():
            known = self._breaches.get(unit)
            if known is not None and not self._lonely(unit):
                longer[unit] = renewed(known, one, self.standing(unit), at, self._term)
        both = {unit: found for unit, found in longer.items() if found is not None}
        if both:
            self._breaches = self._breaches | {unit: breach for unit, (breach, _) in both.items()}
            self.held = self.held | {unit: one for unit, (_, one) in both.items()}
            await self._save()
        for unit in out:
            there = self._control.system.whereis(f"{unit}:unit") is not None
            held = self.held.get(unit)
            if held is None or held.rung is not Rung.DISSOLVE:
                continue  # somebody has let it go meanwhile
            if there or unit in both:
                self._control.task(self._dissolve(unit, held))

    def _tell_out(self) -> None:
        """Which units are taken out, all of them: who did not hear it the last time does so in the next round."""
        out = {unit: one.until for unit, one in self.held.items() if one.rung is Rung.DISSOLVE}
        self._control.tell(Channel.COMMAND, Role.ENVIRONMENT, Out(out))

    async def _restore(self, unit: str) -> None:
        self._tell_out()
        try:
            await self._operations(Leave.end, unit)
        except (CallError, Refusal) as error:
            await self._control.jot("failed", {"unit": unit, "rung": "RESUMED", "why": str(error)})

    async def _operations(self, word: Any, unit: str, *args: float) -> None:
        keeper = self._control.system.named(f"{self._control.path}:operations", Leave)
        await keeper.within(None).call(word, unit.rpartition("/")[2], *args)

    async def _save(self, *entries: Entry) -> None:
        kept = self.held, self._breaches, self._standing, self.quarantined, self.above, self._freed
        await self._control.keep("interventions", kept, None, *entries)
