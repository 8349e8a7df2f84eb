"""One connection as its neighbours see it: who keeps it writes here, who uses it reads here."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cybernetic.gateways.broker.errors import NotDeclared
from cybernetic.gateways.broker.port import Intake, Outlet, Session
from cybernetic.gateways.broker.routes import Routes
from cybernetic.gateways.broker.topology import Topology


@dataclass(slots=True)
class Line:
    """What a `Connection` keeps for the agents beside it, all of one process.

    Attributes:
        name: how the connection is shown to the broker's operator.
        session: the connection that stands, or None. Each has a number, `turn`: 1, 2, 3 ...
        users: called, in order, when a session stands; by name, so that one that was killed is replaced.
        taps: the channels that are consumed, by queue: so that one whose consumer was killed is found and closed.
        outlet: the channel that is published on, for the same reason.
        declared: whether the topology was declared before on this line: then a queue that is missing was lost.
        closing: until when, on the loop's clock, handlers may go on, for the gateway ends; None: it does not.
        leaving: connections that another has replaced, and that are still open for what came through them.
        routes: the ways of what is declared.
        missing: to be called with `turn` when something is not there that is declared at each connection: it is
            declared anew, and then `users` are called again. None: nothing is declared.
    """

    name: str
    session: Session | None = None
    turn: int = 0
    users: dict[str, Callable[[], object]] = field(default_factory=dict)
    taps: dict[str, Intake] = field(default_factory=dict)
    outlet: Outlet | None = None
    declared: bool = False
    closing: float | None = None
    leaving: list[Session] = field(default_factory=list)
    routes: Routes = field(default_factory=lambda: Routes(Topology()))
    missing: Callable[[int], object] | None = None

    def channels(self) -> list[Intake | Outlet]:
        """The channels that are in use and have not ended: each user closes its own when nothing needs it any more."""
        used = [*self.taps.values(), *(() if self.outlet is None else (self.outlet,))]
        return [channel for channel in used if not channel.ended.done()]

    def up(self, session: Session) -> None:
        """A session stands: tell all users."""
        self.session = session
        self.turn += 1
        self.tell()

    def tell(self) -> None:
        """All that is declared is there: tell all users."""
        for told in tuple(self.users.values()):
            told()

    def lost_queue(self) -> bool:
        """Whether the broker took a queue away from who consumes it here."""
        over = [tap.ended for tap in self.taps.values() if tap.ended.done() and not tap.ended.cancelled()]
        return any(isinstance(ended.result(), NotDeclared) for ended in over)

    async def release(self, queue: str) -> None:
        """Close what a consumer that was killed has left: what it held goes back into the queue."""
        tap = self.taps.pop(queue, None)
        if tap is not None:
            await tap.close()
