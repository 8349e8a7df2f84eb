"""`cybernetic room`: the operations room of a viable system that runs in another process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.showing import ENTER, LEAVE, screen
from tests.integration.terminal import COMMAND, Terminal, opened

SHOP = """
import asyncio

from cybernetic import Supervisor, child
from cybernetic.vsm import Budget, Cost, Index, Operation, Outcome, Port, Rate, ViableSystem, unit


async def look_up(what):
    return what


class Answer(Operation):
    indices = [Index("success", limits=(0.5, 1.0))]

    async def handle(self, task):
        found = await self.use("kb", look_up, task.body)
        return Outcome(found.value, evidence=[found.receipt])


class Shop(ViableSystem):
    budget = Budget(usd=10, per=3600)
    ports = {"kb": Port(rate=Rate(60, per=60))}

    def units(self):
        return [unit(Answer, id="one"), unit(Answer, id="two")]


class Two(Supervisor):
    def children(self):
        return [child(Shop, name=name, id=name) for name in ("north", "south")]
"""


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    (tmp_path / "shop.py").write_text(SHOP)
    with opened(tmp_path, monkeypatch, capsys) as found:
        yield found


def test_one_look_is_told_in_lines(terminal: Terminal) -> None:
    terminal.start("run", "shop:Two", says="started child 'south'")
    out = terminal.ask_until("room", "north", "--once", says="57/min")
    for title in ("work", "what hurts", "indices", "S2 rates", "S3 budget", "S4 outlook", "log"):
        assert f"{title} ─" in out
    assert "one" in out
    status, _, err = terminal.ask("room", "--once")
    assert status == 1
    assert "expected the path of a viable system (north, south), got: None" in err
    status, _, err = terminal.ask("room", "nroth", "--once")
    assert "did you mean north?" in err


def test_the_only_one_needs_no_name(terminal: Terminal) -> None:
    terminal.start("run", "shop:Shop", says="is called")
    out = terminal.ask_until("room", "--once", says="hurts")
    assert "nothing hurts" in out or "what hurts" in out


def test_where_there_is_no_viable_system_it_says_so(terminal: Terminal) -> None:
    status, _, err = terminal.ask("room")
    assert status == 1
    assert "no system is running here" in err


def test_on_a_terminal_it_stays_until_q(terminal: Terminal) -> None:
    terminal.start("run", "shop:Two", says="started child 'south'")
    with screen(*COMMAND, "room", "south", "--interval", "0.2") as seen:
        seen.see("what hurts")
        assert ENTER in seen.raw
        seen.press("q")
        assert seen.end() == 0
        assert LEAVE in seen.raw
        assert seen.echo
