"""The files of an auditor: what it knows of each unit, of ports and of its verifier, and how that is kept."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cybernetic.runtime import Address
from cybernetic.vsm.audit.health import VerifierHealth
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.sampling import Sampler
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.note import Why
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.inspection.dossier import Dossier, Suspicions, suspects, suspicions
from cybernetic.vsm.inspection.secret import Secret
from cybernetic.vsm.ports.unbounded import Unbounded
from cybernetic.vsm.timing import now


class Files:
    """Kept in the books of a level, so that a successor of the auditor goes on where it ended.

    Args:
        path: of the level.
        audit: what was declared.
        units: their paths.
        books: where they are kept.
        secret: decides which tasks are looked at; what is in the books goes before.

    Attributes:
        sampler: the lottery.
        dossiers: by path of the unit.
        health: of the verifier.
        life: tells the purse from those that were lost with the books before.
    """

    def __init__(
        self, path: str, audit: Audit, units: Iterable[str], books: Address[Books], secret: Secret
    ) -> None:
        self._path, self._audit, self._books, self._secret = path, audit, books, secret
        self.sampler = self._lottery()
        self.dossiers = {unit: Dossier.fresh(unit, audit) for unit in units}
        self.health = VerifierHealth()
        self.life = fresh_id(8, "fund")
        self._suspicions: Suspicions = {}
        self._lifted: dict[str, int] = {}  # how often ports were put to use again, by name
        self._unsaved: set[str] = set()

    def _lottery(self) -> Sampler:
        return Sampler(self._secret.value, self._audit.probability, self._audit.kappa)

    async def load(self) -> tuple[Purse, Unbounded] | None:
        """Go on from the books; the purse as it was kept, and what was known of calls without an upper bound."""
        known = await self._books.call(Books.load, "audit")
        if known is None:
            await self.keep()
        else:
            self._secret, self.health, self._suspicions = known
            self.sampler = self._lottery()
        self._lifted = await self._books.call(Books.load, "audit.lifted") or {}
        for unit in self.dossiers:
            self.dossiers[unit] = await self._books.call(Books.load, f"audit {unit}") or self.dossiers[unit]
        kept: Any = await self._books.call(Books.load, "audit.purse")
        if kept is None:
            return None
        purse, unbounded, *life = kept  # there is none in books of former releases
        self.life = life[0] if life else self.life
        return purse, unbounded

    def of(self, unit: str) -> Dossier:
        """What is known of a unit."""
        return self.dossiers.get(unit) or Dossier.fresh(unit, self._audit)

    def change(self, unit: str, change: Callable[[Dossier], Dossier]) -> None:
        """Change what is known of a unit; it is saved in the next round."""
        self.dossiers[unit] = change(self.of(unit))
        self._unsaved.add(unit)

    async def judged(self, unit: str, discrepant: bool, ports: frozenset[str], *entries: Entry) -> bool:
        """Take an audit of a task that was done with `ports`, and keep it, with what is to stand in the log of it;
        whether it alarms.

        Either the unit's own audits do, or those of all units that were done with one of these ports.
        """
        before = self._suspicions
        self._suspicions = suspicions(before, self._audit, ports, discrepant)
        dossier, alarm = self.of(unit).judged(discrepant, ports, now())
        if not alarm and any(self._suspicions[port].alarm and not _alarmed(before, port) for port in ports):
            dossier, alarm = replace(dossier, case=0), True
        self.dossiers[unit] = replace(dossier, told=dossier.told and not alarm)
        await self._save(unit, *entries)
        await self.keep()
        return alarm

    def blamed(self, unit: str) -> tuple[str, ...]:
        """The ports that are to blame for what was found of a unit."""
        return suspects(self._suspicions, self.of(unit).ports, self._audit)

    async def close(self, unit: str, *entries: Entry) -> None:
        """Nothing of what was stands against the unit any more, nor against the ports it was done with; and what is to
        stand in the log of that.
        """
        ports = self.of(unit).ports
        self.dossiers[unit] = self.of(unit).closed()
        await self._save(unit, *entries)
        await self.clear(ports)

    async def clear(self, ports: Iterable[str]) -> None:
        """Hold nothing against these ports any more."""
        gone = frozenset(ports)
        self._suspicions = {port: score for port, score in self._suspicions.items() if port not in gone}
        await self.keep()

    def again(self, times: Mapping[str, int]) -> frozenset[str]:
        """The ports that were put to use again since that was known last, where it was so many `times` by now."""
        return frozenset(port for port, count in times.items() if count > self._lifted.get(port, 0))

    async def lift(self, ports: Iterable[str], times: Mapping[str, int]) -> None:
        """Hold nothing against these ports any more that were put to use again, so many `times` by now."""
        self._lifted = dict(times)
        await self._books.call(Books.save, "audit.lifted", self._lifted)
        await self.clear(ports)

    async def save(self) -> None:
        """Keep what has changed."""
        for unit in list(self._unsaved):
            await self._save(unit)

    async def keep(self, *entries: Entry) -> None:
        """Keep what is of no unit, and what is to stand in the log of it."""
        kept = self._secret, self.health, dict(self._suspicions)
        await self._books.call(Books.save, "audit", kept, None, entries)

    async def keep_purse(self, purse: Purse, unbounded: Unbounded) -> None:
        """Keep what audits have spent."""
        await self._books.call(Books.save, "audit.purse", (purse, unbounded, self.life))

    async def jot(self, kind: str, body: object, note: Why | None) -> None:
        """Write in the log, because of a `note`."""
        await self._books.call(Books.note, self.entry(kind, body, note))

    def entry(self, kind: str, body: object, note: Why | None = None) -> Entry:
        """What is to stand in the log."""
        return Entry(kind=kind, path=self._path, body=body, at=now()).because(note)

    async def _save(self, unit: str, *entries: Entry) -> None:
        self._unsaved.discard(unit)
        await self._books.call(Books.save, f"audit {unit}", self.dossiers[unit], None, entries)


def _alarmed(known: Suspicions, port: str) -> bool:
    return port in known and known[port].alarm
