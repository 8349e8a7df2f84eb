"""What every `Host` must do, as tests to inherit: override `host`, and let pytest collect the class."""

import asyncio
from typing import Any


class HostContract:
    """The contract of the port `Host`: subclass it as `TestMyHost`.

    Attributes:
        seconds: how long anything may take before the test fails.
        order: makes an order (`NodeOrder`); called with name, incarnation, program, settings.
    """

    seconds = 10.0

    def host(self) -> Any:
        """A host that is not open. To be overridden."""
        raise NotImplementedError

    def order(self, name: str, incarnation: int, program: str, settings: bytes = b"") -> Any:
        """An order. To be overridden with the port's `NodeOrder`."""
        raise NotImplementedError

    async def test_a_node_says_that_it_is_up_and_ends_when_asked(self) -> None:
        """`NodeUp` with what the program gave, then `NodeEnded`, once."""
        async with _Opened(self.host(), self.seconds) as opened:
            opened.host.create(self.order("one", 1, f"{__name__}:waits", b"here"))
            up = await opened.until("NodeUp")
            assert (up.name, up.incarnation, up.address) == ("one", 1, "one.1 here")
            opened.host.end("one", 1)
            ended = await opened.until("NodeEnded")
            assert (ended.name, ended.incarnation) == ("one", 1)
        assert opened.kinds() == ["NodeUp", "NodeEnded"]

    async def test_a_node_that_will_not_end_is_killed(self) -> None:
        """`kill` works on a program that ignores `ending`."""
        async with _Opened(self.host(), self.seconds) as opened:
            opened.host.create(self.order("deaf", 1, f"{__name__}:never_ends"))
            await opened.until("NodeUp")
            opened.host.end("deaf", 1)
            opened.host.kill("deaf", 1)
            assert "killed" in (await opened.until("NodeEnded")).how

    async def test_a_program_that_fails_or_is_not_there_is_told_as_an_end(self) -> None:
        """One `NodeEnded` for each order, whatever goes wrong."""
        async with _Opened(self.host(), self.seconds) as opened:
            opened.host.create(self.order("failing", 1, f"{__name__}:fails"))
            assert "failed" in (await opened.until("NodeEnded")).how
            opened.host.create(self.order("absent", 2, f"{__name__}:is_not_there"))
            assert (await opened.until("NodeEnded")).name == "absent"

    async def test_closing_ends_every_node_and_opens_again(self) -> None:
        """Every end is told before `close` returns; the directory is gone; the host may be opened anew."""
        host = self.host()
        for _ in range(2):
            async with _Opened(host, self.seconds) as opened:
                directory = host.directory
                assert directory.stat().st_mode & 0o777 == 0o700
                opened.host.create(self.order("polite", 1, f"{__name__}:waits"))
                opened.host.create(self.order("deaf", 1, f"{__name__}:never_ends"))
                await opened.until("NodeUp")
                await opened.until("NodeUp")
            assert sorted(opened.kinds()) == ["NodeEnded"] * 2 + ["NodeUp"] * 2
            assert not directory.exists()

    async def test_orders_for_nodes_that_are_not_there_do_nothing(self) -> None:
        """`end` and `kill` of an incarnation that is not running."""
        async with _Opened(self.host(), self.seconds) as opened:
            opened.host.create(self.order("one", 2, f"{__name__}:waits"))
            await opened.until("NodeUp")
            opened.host.kill("one", 1)
            opened.host.end("none", 1)
            await asyncio.sleep(0.05)
            assert opened.kinds() == ["NodeUp"]


class _Opened:
    """A host while it is open, and what it told."""

    def __init__(self, host: Any, seconds: float) -> None:
        self.host, self._seconds = host, seconds
        self.news: list[Any] = []
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    async def __aenter__(self) -> "_Opened":
        await self.host.open(self._told)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.host.close()

    def kinds(self) -> list[str]:
        return [type(each).__name__ for each in self.news]

    async def until(self, kind: str) -> Any:
        while True:
            news = await asyncio.wait_for(self._queue.get(), self._seconds)
            if type(news).__name__ == kind:
                return news

    def _told(self, news: Any) -> None:
        self.news.append(news)
        self._queue.put_nowait(news)


async def waits(context: Any) -> None:
    """A program for nodes: ready at once, ends when asked."""
    context.ready(f"{context.name}.{context.incarnation} {context.settings.decode()}")
    await context.ending.wait()


async def never_ends(context: Any) -> None:
    """A program that does not listen."""
    context.ready("deaf")
    await asyncio.Event().wait()


async def fails(context: Any) -> None:
    """A program that fails."""
    raise ValueError("as it should")
