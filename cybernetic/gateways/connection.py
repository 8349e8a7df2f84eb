"""The agent that keeps a connection with a broker: losing it is a crash, and its supervisor starts it anew."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from cybernetic.core import Reason, Stop
from cybernetic.gateways.broker.errors import BrokerError, NotDeclared
from cybernetic.gateways.broker.port import Broker, Intake, Outlet, Session
from cybernetic.gateways.broker.routes import Routes
from cybernetic.gateways.broker.topology import Queue, Topology
from cybernetic.gateways.errors import NotRenewed
from cybernetic.gateways.events import CONNECTED, FAILED, QUEUES_LOST, Connected, ConnectionFailed, QueuesLost
from cybernetic.gateways.line import Line
from cybernetic.gateways.reasons import Disconnected
from cybernetic.runtime import Agent
from cybernetic.supervision import Backoff

_log = logging.getLogger("cybernetic.gateways")

LOOK = 1.0  # seconds between two looks whether a queue that is consumed was taken away
LOOK_AT_ALL = 60.0  # the same of every queue that is declared
MEND = Backoff(0.2, 15.0, jitter=0.5, reset_after=60.0)  # of declaring anew what somebody deletes
LEAVE = 30.0  # seconds that a replaced connection is kept for what came through it and is not done


class Connection(Agent):
    """Connects, declares the topology, and tells the users of its line. Ends with `Disconnected` when that is over.

    It is up before it is connected: those who publish into an outbox need no broker. Its supervisor restarts it with
    a jittered `Backoff`.

    Args:
        broker: where to connect.
        line: where its neighbours find the session.
        topology: what is declared at each connection.
    """

    def __init__(self, broker: Broker, line: Line, topology: Topology) -> None:
        self._broker, self._line, self._topology = broker, line, topology
        self._session: Session | None = None
        self._mending = False
        self._mended = 0  # how often in a row, and when last, on the loop's clock
        self._mended_at = -inf

    def setup(self) -> None:
        """Connect as the first thing after the start, which does not wait for it."""
        self._line.routes = Routes(self._topology)
        ref = self.ref
        self._line.missing = lambda turn: ref.cast(Connection.missing, turn)
        self.ref.every(LOOK).cast(Connection.look)
        self.ref.every(LOOK_AT_ALL).cast(Connection.look_at_all)
        self.continue_with(Connection.connect)

    async def connect(self) -> None:
        """Connect and declare; does nothing where a connection stands."""
        if self._session is None:
            left = (self._line.session, *self._line.leaving)  # of an agent before that was killed
            self._line.leaving = []
            try:
                await self._use(await self._opened())
            except BrokerError as error:
                self._failed(str(error))
            finally:
                await _close(*left)

    async def renew(self) -> None:
        """Connect anew, with the password and certificates as they are now; all who use the line go over to that.

        The connection of before is closed when what came through it is handled and acknowledged, and what went through
        it is confirmed, at most 30 s later; what takes longer comes once more, as after a lost connection. Raises
        `NotRenewed` if it cannot be; then the connection of before stays.
        """
        before = self._session
        try:
            session = await self._opened()
        except BrokerError as error:
            raise NotRenewed(str(error)) from error
        used = self._line.channels()
        await self._use(session)
        if before is not None:
            self._line.leaving.append(before)
            self.task(self._leave(before, used))

    def lost(self, turn: int, why: str) -> None:
        """The session number `turn` of the line has ended."""
        if turn == self._line.turn and self._session is not None:
            self._failed(why)

    def look(self) -> None:
        """See whether the broker took a queue away from who consumes it."""
        if self._line.lost_queue():
            self.missing(self._line.turn)

    async def look_at_all(self) -> None:
        """See whether anything is gone that nobody consumes, and that nothing is sent to meanwhile."""
        session, turn = self._session, self._line.turn
        if session is None or self._mending:
            return
        stay = [one for one in self._topology.queues if one.expires is None and not one.auto_delete]
        try:
            gone = await _gone(session, stay)
        except BrokerError:  # the connection ends: that is told by itself
            return
        if gone:
            self.missing(turn)

    def missing(self, turn: int) -> None:
        """Something was missed in session number `turn`: declare all anew, the later the more often that happens."""
        if self._session is None or self._mending or turn != self._line.turn:
            return
        self._mending = True
        self._mended = MEND.attempt(self._mended, asyncio.get_running_loop().time() - self._mended_at)
        chance = self.system.chance.uniform(f"{self._line.name}/mend", turn, self._mended)
        self.ref.after(MEND.delay(self._mended, chance)).cast(Connection.mend, turn)
        self._mended += 1

    async def mend(self, turn: int) -> None:
        """Declare what somebody deleted while the connection stands. Where that is refused, the connection ends."""
        self._mending, session = False, self._session
        if session is None or turn != self._line.turn:  # what connected meanwhile has declared it
            return
        try:
            await self._look_for_losses(session)
            await session.declare(self._topology)
        except BrokerError as error:
            self._session = None
            await session.close()
            self._failed(str(error))
        self._mended_at = asyncio.get_running_loop().time()
        self._line.tell()

    def is_connected(self) -> bool:
        """Whether a connection stands."""
        return self._session is not None

    async def terminate(self, reason: Reason) -> None:
        """Close the connection in an orderly way."""
        left = (self._session, *self._line.leaving)
        self._session, self._line.session, self._line.leaving = None, None, []
        await _close(*left)

    async def _leave(self, session: Session, used: Sequence[Intake | Outlet]) -> None:
        if used:
            await asyncio.wait([channel.ended for channel in used], timeout=LEAVE)
        await session.close()
        if session in self._line.leaving:  # who ends meanwhile takes all of them off, and closes them
            self._line.leaving.remove(session)

    async def _opened(self) -> Session:
        session = await self._broker.connect(self._line.name)
        try:
            if self._line.declared:
                await self._look_for_losses(session)
            await session.declare(self._topology)
        except BaseException:
            await session.close()
            raise
        return session

    async def _look_for_losses(self, session: Session) -> None:
        """Say so when the broker has not what was declared: it restarted with an empty disk, or somebody deleted it."""
        missing = await _gone(session, self._topology.queues)
        if missing:
            _log.error(
                "the broker at %s has no queues %s any more: what it had confirmed for them is lost there; "
                "they are declared anew and what was not confirmed is published again",
                self._broker.url,
                ", ".join(missing),
            )
            if QUEUES_LOST.listeners:
                QUEUES_LOST.emit(QueuesLost(self._line.name, self._broker.url, tuple(missing)))

    async def _use(self, session: Session) -> None:
        again, self._line.declared = self._line.declared, True
        self._session = session
        self._line.up(session)
        turn, ref = self._line.turn, self.ref

        def ended(future: "asyncio.Future[Any]") -> None:
            if self._session is not session:  # it was closed on purpose
                return
            error = None if future.cancelled() else future.result()
            ref.cast(Connection.lost, turn, str(error or "it was closed"))

        session.ended.add_done_callback(ended)
        _log.info("%s is connected with %s", self._line.name, self._broker.url)
        if CONNECTED.listeners:
            CONNECTED.emit(Connected(self._line.name, self._broker.url, again))

    def _failed(self, why: str) -> None:
        _log.error("%s has no connection: %s", self._line.name, why)
        if FAILED.listeners:
            FAILED.emit(ConnectionFailed(self._line.name, self._broker.url, why))
        self._session = self._line.session = None
        raise Stop(Disconnected(why))


async def _gone(session: Session, queues: Iterable[Queue]) -> list[str]:
    """Which of these the broker should have, and has not."""
    gone = []
    for queue in queues:
        try:
            if queue.durable and not queue.exclusive:
                await session.state(queue.name)
        except NotDeclared:
            gone.append(queue.name)
    return gone


async def _close(*sessions: Session | None) -> None:
    for session in sessions:
        if session is not None:
            await session.close()
