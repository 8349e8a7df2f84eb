"""One outlet and what is on its way through it; its news are gathered and told to the publisher once a turn."""

from collections.abc import Callable, Sequence

from cybernetic.gateways.broker.messages import Message, Outcome
from cybernetic.gateways.broker.port import Outlet, Session
from cybernetic.gateways.publisher.flight import Entry

News = tuple["Lane", list[Entry], Outcome]


class Lane:
    """An outlet with the entries that have no outcome yet. Made by `open`."""

    __slots__ = ("_news", "_tell", "entries", "outlet", "session")

    def __init__(self, session: Session, news: list[News], tell: Callable[[], object]) -> None:
        self.session = session  # whose outlet it is
        self.entries: dict[int, Entry] = {}
        self._news, self._tell = news, tell
        self.outlet: Outlet

    @classmethod
    async def open(cls, session: Session, news: list[News], tell: Callable[[], object]) -> "Lane":
        """An outlet of `session`. What becomes of messages is put into `news`; `tell` is called when that was empty."""
        lane = cls(session, news, tell)
        lane.outlet = await session.outlet(lane._settled)
        return lane

    def serves(self, session: Session) -> bool:
        """Whether it is open, and of this session: a second beside it would not keep the order."""
        return self.session is session and not self.outlet.ended.done()

    def send(self, entry: Entry, message: Message) -> None:
        """Publish. Raises `BrokerError` or `OptionError`; then nothing was sent."""
        self.entries[self.outlet.publish(message)] = entry

    def _settled(self, numbers: Sequence[int], outcome: Outcome) -> None:
        take = self.entries.pop
        landed = [entry for number in numbers if (entry := take(number, None)) is not None]
        if landed:
            if not self._news:
                self._tell()
            self._news.append((self, landed, outcome))
