"""What signals do to a program: one asks it to stop, another that comes later ends it at once."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, Supervisor, System
from cybernetic.apps import run
from cybernetic.apps.signals import ONE_SECONDS, Signals


async def test_signals_that_come_together_are_one_and_a_later_one_is_another() -> None:
    signals = Signals()
    with signals:
        seen = []
        for pause in (0.0, 0.9 * ONE_SECONDS, 0.2 * ONE_SECONDS, 0.5 * ONE_SECONDS):
            await asyncio.sleep(pause)
            signals._signalled()
            seen.append(signals.come.is_set())
            signals.come.clear()
        signals.ask()
        assert not signals.come.is_set(), "to ask again changes nothing"
    assert seen == [True, False, True, False]


async def test_a_tree_that_ends_in_the_moment_a_signal_has_come_was_asked_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Any] = []

    class Ending(Signals):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def _signalled(self) -> None:
            super()._signalled()
            made[1].exit(Kill())

    async def begin(system: System) -> None:
        made.append(await system.start(Supervisor, type="permanent"))
        asyncio.get_running_loop().call_later(1, made[0].ask)

    monkeypatch.setattr(run, "Signals", Ending)
    assert await run._serve({}, begin, None) == 0
    assert "cybernetic: stopped\n" in capsys.readouterr().err
