"""`cybernetic run` as a process: signals stop it in order, and its exit status says how it ended."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import asyncio

from cybernetic import Agent, Ignore, Normal, Stop, Supervisor, child


class Herald(Agent):  # says when all has started: its supervisor does not answer before
    def setup(self):
        self.continue_with(Herald.tell)

    async def tell(self):
        await self.ref.inspect().info().parent.call(Supervisor.count_children)
        print("all up", flush=True)


class Polite(Agent):
    def __init__(self, name="polite"):
        self.name = name

    def setup(self):
        print("up", self.name, flush=True)

    def terminate(self, reason):
        print("down", self.name, flush=True)


class Stubborn(Agent):
    def setup(self):
        print("up stubborn", flush=True)

    async def terminate(self, reason):
        await asyncio.sleep(60)


class Unhurried(Agent):
    def setup(self):
        print("up unhurried", flush=True)

    async def terminate(self, reason):
        await asyncio.sleep(0.5)
        print("down", flush=True)


class Slow(Agent):
    async def setup(self):
        print("starting", flush=True)
        await asyncio.sleep(60)


class Ends(Agent):
    def __init__(self, how):
        self.how = how

    def setup(self):
        self.continue_with(Ends.end)

    def end(self):
        if self.how == "crash":
            raise ValueError("boom")
        raise Stop(Normal())


class App(Supervisor):
    def children(self):
        return [child(Polite, "one", id=1), child(Polite, "two", id=2), child(Herald)]


class Stuck(Supervisor):
    def children(self):
        return [child(Stubborn, shutdown=None), child(Herald)]


class Patient(Supervisor):
    def children(self):
        return [child(Unhurried), child(Herald)]


class Late(Supervisor):
    def children(self):
        return [child(Slow)]


class Broken(Supervisor):
    def children(self):
        raise ValueError("no children")


class Hopeless(Supervisor):
    max_restarts = 0

    def children(self):
        return [child(Ends, "crash")]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


class Run:
    """The running command."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-c", "import sys; from cybernetic.apps import main; sys.exit(main())"]
        self.process = subprocess.Popen(
            [*command, "run", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self, count: int) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def complain(self, says: str) -> None:
        """Wait until it prints a line of errors with `says`."""
        assert self.process.stderr is not None
        assert any(says in line for line in self.process.stderr), f"expected {says!r}"

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def run(folder: Path) -> Iterator[type[Run]]:
    started: list[Run] = []

    def make(*arguments: str) -> Run:
        started.append(Run(folder, *arguments))
        return started[-1]

    yield make  # type: ignore[misc]
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_tree_in_reverse_order(run: type[Run], number: signal.Signals) -> None:
    running = run("program:App")
    assert running.lines(3) == ["up one", "up two", "all up"]
    running.process.send_signal(number)
    status, out, err = running.end()
    assert (status, out.split("\n")) == (0, ["down two", "down one", ""])
    assert "stopping; once more to stop at once" in err


def test_a_second_signal_ends_it_at_once(run: type[Run]) -> None:
    running = run("program:Stuck")
    assert running.lines(2) == ["up stubborn", "all up"]
    running.process.send_signal(signal.SIGTERM)
    running.complain("stopping")
    time.sleep(0.3)  # one that comes sooner is the same
    running.process.send_signal(signal.SIGTERM)
    status, _, err = running.end()
    assert (status, "stopped at once" in err) == (1, True)


def test_a_signal_that_is_sent_twice_in_a_moment_is_one(run: type[Run]) -> None:
    for _ in range(10):  # for once the machine lets both come in a moment
        running = run("program:Patient")
        assert running.lines(2) == ["up unhurried", "all up"]
        running.process.send_signal(signal.SIGTERM)
        running.complain("stopping")
        running.process.send_signal(signal.SIGTERM)
        ended = running.end()
        if ended[0] == 0:
            break
    assert ended == (0, "down\n", "cybernetic: stopped\n")


def test_a_signal_during_the_start_abandons_it(run: type[Run]) -> None:
    running = run("program:Late")
    assert running.lines(1) == ["starting"]
    running.process.send_signal(signal.SIGTERM)
    status, _, err = running.end()
    assert (status, "stopped before all was started" in err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["program:Ends", "well"], 0, ""),
        (["program:Ends", "crash"], 1, "ValueError: boom"),
        (["program:Hopeless"], 1, "restarted too often, last for"),
        (["program:Broken"], 1, "no children"),
        (["program:Polite", "too", "many"], 1, "arguments do not bind"),
        (["program:Nobody"], 2, "expected a name in program, got: 'Nobody'"),
        (["program:asyncio"], 2, "expected a subclass of Agent or Supervisor"),
        (["nowhere:App"], 2, "expected a module that can be imported from here, got: 'nowhere'"),
        (["program"], 2, "expected MODULE:CLASS such as shop.main:Shop, got: 'program'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_exit_status_says_how_it_ended(
    run: type[Run], arguments: list[str], status: int, says: str
) -> None:
    got, _, err = run("--log", "error", *arguments).end()
    assert got == status, err
    assert says in err
