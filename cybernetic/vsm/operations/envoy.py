"""The management of a unit whose inside is a viable system: it translates between the two levels."""

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from cybernetic.core import CallError, MailboxFull, Refusal
from cybernetic.runtime import Deferred
from cybernetic.vsm.algedonic.messages import Told
from cybernetic.vsm.bargain.contract import Accepted, Contract
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.coordination import Coordination
from cybernetic.vsm.coordination.messages import (
    Above,
    CallWanted,
    CoordinationPlan,
    Ended,
    Opened,
    PaceWithdrawal,
    Refused,
)
from cybernetic.vsm.coordination.pool import PATIENCE
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.governance.messages import PolicyKnown, PolicyUpdate
from cybernetic.vsm.lives import UNTOLD
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.messages import (
    Command,
    Obeyed,
    Offer,
    Taken,
    Unaccounted,
)
from cybernetic.vsm.operations.task import Assignment, Performed
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

OFFERED = 1.0  # seconds for an answer to an offer, where it does not say how long it stands

R = TypeVar("R")


@travels(name="vsm.Away")
class Away(Refusal):
    """The part of the level within that has to answer is away. `role` says which."""

    def __init__(self, path: str, role: str) -> None:
        super().__init__(f"{path}: expected its {role} to answer, got: it is away")
        self.path, self.role = path, role


class Envoy(Member):
    """Stands for a level in the one above.

    Args:
        path: of the level, which is that of the unit.
        paced: static shares of the level, units a second, of the ports that the level above paces, by name.
    """

    role = Role.MANAGEMENT
    period = 1.0

    def __init__(self, path: str, paced: Mapping[str, float]) -> None:
        super().__init__(path)
        self._pacing = Pacing(self, paced, self._part)
        self._coordination = self.system.named(f"{path}:coordination", Coordination)
        self._control = self.system.named(f"{path}:control", Control)
        self._governance = self.system.named(f"{path}:policy", Governance)
        self._turns: dict[str, tuple[Any, Any]] = {}  # the level's turns up here that are waited for, by id
        self._acting = UNTOLD  # which policies of the level above it acts under, as its system 5 said last
        self._environment = self.system.named(f"{path}:environment", Environment)

    @hears(Assignment)
    def _assigned(self, given: Assignment, note: Note) -> Deferred[Performed]:
        answer = self.defer()
        self.task(self._handed(given, note, answer))
        return answer

    async def _handed(self, given: Assignment, note: Note, answer: Deferred[Any]) -> None:
        try:
            within = self._environment.within(None)
            answer.reply(await within.call(Environment.assigned, given, note.why))
        except Exception as error:
            answer.fail(error)

    @hears(Offer)
    def _offered(self, offer: Offer, note: Note) -> Deferred[Vector]:
        """What the level asks for is what its units would ask for; without system 3 it takes what it is offered."""
        answer = self.defer()
        left = OFFERED if note.deadline is None else max(0.0, note.deadline - now())
        self.task(self._wished(offer, left, answer))
        return answer

    async def _wished(self, offer: Offer, left: float, answer: Deferred[Vector]) -> None:
        wish = offer.grant
        with suppress(CallError, Refusal):
            wish = await self._control.within(0.8 * left).call(Control.wish, offer, 0.6 * left)
        answer.reply(wish)

    @hears(Contract)
    async def _contracted(self, contract: Contract, note: Note) -> Accepted:
        return await self._inside(self._control.call(Control.granted, contract), "control")

    @hears(Taken)
    def _taken(self, taken: Taken, note: Note) -> None:
        self._control.cast(Control.taken, taken.epoch)

    @hears(PolicyUpdate)
    async def _policies(self, update: PolicyUpdate, note: Note) -> PolicyKnown:
        return await self._inside(self._governance.call(Governance.inherit, update), "policy")

    @hears(Command)
    async def _commanded(self, command: Command, note: Note) -> Obeyed:
        return await self._inside(self._control.call(Control.obey, command, note.why), "control")

    @hears(Told)
    def _told(self, told: Told, note: Note) -> None:
        """Pain within the level is its own algedonode's business; pain about it belongs to the level above."""

    @hears(Opened)
    async def _opened(self, opened: Opened, note: Note) -> None:
        """A port is paced above: first within, who vouches for the level's part of it."""
        await self._inside(self._coordination.call(Coordination.opened, opened), "coordination")
        self._pacing.opened(opened)

    @hears(CoordinationPlan)
    def _advised(self, plan: CoordinationPlan, note: Note) -> None:
        self._coordination.cast(Coordination.advised, plan)

    def up(self, word: object) -> Any:
        """System 2 of the level wants its turn at a port, or a call that may be made already, or has heard from the
        other side of one.
        """
        match word:
            case Above():
                answer = self.defer()
                self._turns[word.id] = self.task(self._paced(word, answer)), answer
                return answer
            case CallWanted():
                answer = self.defer()
                self.task(self._sought(word, answer))
                return answer
            case PaceWithdrawal():
                self._taken_back(word)
            case _:
                if isinstance(word, Refused):
                    self._pacing.refused(word.port, word.retry_after)
                self.tell(Channel.COORDINATION, Role.COORDINATION, word)
        return None

    async def _sought(self, wanted: CallWanted, answer: Deferred[Any]) -> None:
        """What system 2 up here knows of a call."""
        try:
            to = Channel.COORDINATION, Role.COORDINATION
            answer.reply(await self.ask(*to, wanted, patience=0.8 * PATIENCE * self.pulse))
        except (CallError, MailboxFull, Refusal):
            answer.reply(None)

    async def _paced(self, word: Above, answer: Deferred[Any]) -> None:
        """A turn that nobody waits for any more, as system 2 of the level has begun anew, is another's."""
        turn = await self._pacing.turn(word.port, word.id)
        self._turns.pop(word.id, None)
        if not answer.reply(turn) and turn:
            self.tell(Channel.COORDINATION, Role.COORDINATION, Ended(word.port))

    def _taken_back(self, word: PaceWithdrawal) -> None:
        """Nobody in the level waits any more: unless the turns have come already they are withdrawn up here, too."""
        for id in word.ids:
            task, answer = self._turns.pop(id, (None, None))
            if task is not None:
                task.cancel()
                answer.reply(None)
                self._pacing.withdraw(word.port, (id,))

    async def _part(self, port: str, until: float, lapses: float) -> float:
        """What system 2 of the level vouches for; without it nothing is renewed, and the lease above lapses first."""
        return await self._coordination.within(0.5).call(Coordination.part, port, until, lapses)

    async def _inside(self, call: Awaitable[R], role: str) -> R:
        """What a part of the level answers. Raises `Away` where there is none."""
        try:
            return await call
        except CallError as error:
            raise Away(self.path, role) from error

    def setup(self) -> Any:
        """Ask for leases at once."""
        self._pacing.renew()
        return super().setup()

    async def cycle(self) -> None:
        """Account for the level, as its own system 3 does, and renew its leases."""
        self._pacing.renew()
        try:
            account = await self._control.within(0.5).call(Control.account)
        except CallError as error:
            self.tell(Channel.BARGAIN, Role.CONTROL, Unaccounted(str(error)))
            return
        with suppress(CallError):  # its system 5 may have begun anew since it was told
            self._acting = await self._governance.within(0.5).call(Governance.acting)
        self.tell(Channel.BARGAIN, Role.CONTROL, replace(account, acting=self._acting))
