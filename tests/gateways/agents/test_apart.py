"""While one suspect is kept apart no other is handled, and none is taken for one that is apart when it no longer is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cybernetic.gateways import consume
from cybernetic.gateways.consumer.suspects import APART, BEGUN, RESTS, Suspects
from cybernetic.gateways.consumer.trials import Trials
from cybernetic.gateways.consumer.turn import Turn
from cybernetic.state import Store
from tests.gateways.agents.plant import WORK, Book, Clerk, until

LAST = 4  # crashes that one may have caused before its last trial


class Dock:
    """Suspects before their last trial, in a store of their own."""

    def __init__(self, store: Store) -> None:
        self.store, self.suspects = store, Suspects(store)
        self.inside: set[str] = set()
        self.over = asyncio.Event()
        self._trials = Trials(consume(Clerk, Book(), queue=WORK, timeout=1400.0), self.suspects)
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, path: Path, **handled: float) -> AsyncIterator["Dock"]:
        """With those named, each of which had been handled for so many seconds when its process ended last."""
        async with await Store.open(path) as store:
            dock = cls(store)
            await dock.suspects.open()
            for name, seconds in handled.items():
                row = name, LAST - 1, store.now() - seconds
                await store.write(
                    lambda connection, row=row: connection.execute(  # type: ignore[misc]
                        "INSERT INTO gateway_suspects VALUES (?, ?, ?)", row
                    )
                )
            try:
                yield dock
            finally:
                for task in dock._tasks:
                    task.cancel()
                await asyncio.wait(dock._tasks)

    def come(self, name: str) -> None:
        """It comes again, and is handled, in its turn, until it is `over`."""

        async def handle() -> None:
            trial = await self._trials.of(name)
            assert trial is not None
            assert trial.gate is not None
            async with trial.gate(Turn()):
                self.inside.add(name)
                await self.over.wait()
            self.inside.discard(name)

        self._tasks.append(asyncio.ensure_future(handle()))

    async def stands(self, name: str) -> int:
        """How many fewer crashes stand on the disk than it may have caused."""
        query = "SELECT crashes FROM gateway_suspects WHERE key = ?"
        (crashes,) = await self.store.read(lambda connection: connection.execute(query, (name,)).fetchone())
        return LAST - int(crashes)


async def test_nobody_is_handled_while_another_is_kept_apart(tmp_path: Path) -> None:
    """An end of the process in that time would speak for the one that is apart, be it the fault of the other."""
    async with Dock.of(tmp_path / "a", long=20.0, short=1.0) as dock:
        dock.come("long")
        dock.come("short")
        await asyncio.sleep(10.0)
        assert dock.inside == set()
        assert await dock.stands("long") == APART
        await asyncio.sleep(29.0)
        assert dock.inside == set()
        await asyncio.sleep(5.0)
        assert len(dock.inside) == 1


async def test_one_that_was_apart_and_waits_for_another_is_not_apart_any_more(tmp_path: Path) -> None:
    """An end of the process does not speak for it, then: it may be that the other is being handled."""
    async with Dock.of(tmp_path / "a", long=20.0, short=1.0) as dock:
        dock.come("long")
        dock.come("short")
        await asyncio.sleep(1.0)
        assert await dock.stands("short") == APART
        await asyncio.sleep(9.0)
        assert await dock.stands("short") == RESTS
        await until(lambda: dock.inside)
        (handled,) = dock.inside
        assert await dock.stands(handled) == BEGUN
        assert await dock.stands("long" if handled == "short" else "short") == RESTS


async def test_nobody_is_kept_apart_while_another_is_handled_at_its_last_trial(tmp_path: Path) -> None:
    async with Dock.of(tmp_path / "a", first=1.0, second=5.0) as dock:
        dock.come("first")
        await until(lambda: dock.inside)
        dock.come("second")
        await asyncio.sleep(60.0)
        assert dock.inside == {"first"}
        assert await dock.stands("second") == RESTS
        dock.over.set()
        await asyncio.sleep(1.0)
        assert await dock.stands("second") == APART
        dock.over.clear()
        await until(lambda: dock.inside, 200.0)
        assert await dock.stands("second") == BEGUN
