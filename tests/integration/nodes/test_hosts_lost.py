"""A program on several hosts, each a command of its own: a host is lost, lacks the code, or is told to end."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.terminal import PATIENCE, SECRET, Terminal, free_port, hear, opened

PROGRAM = """
import os

from cybernetic import Agent, Supervisor, child


class Worker(Agent):
    def pid(self):
        return os.getpid()


class Crew(Supervisor):
    max_restarts = 2

    def children(self):
        return [child(Worker, id=n, name=f"w{n}", requires=["work"]) for n in range(8)]


class Idle(Supervisor):
    pass
"""
WORK = ("--capability", "work=true")


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    with opened(tmp_path, monkeypatch, capsys) as found:
        monkeypatch.setenv("CYBERNETIC_SECRET", SECRET)
        yield found


def _hub(terminal: Terminal, nodes: int) -> tuple["subprocess.Popen[str]", str]:
    """The program with some nodes, and where it is joined."""
    address = f"tcp:127.0.0.1:{free_port()}"
    options = ("--nodes", str(nodes), *WORK, "--listen", address, "--system", "hub")
    return terminal.start("run", "shop:Crew", *options, says="started child 7"), address


def _pids(terminal: Terminal) -> list[int]:
    """The processes that the workers run in."""
    pids = []
    for n in range(8):
        status, out, err = terminal.ask("call", "--system", "hub", "--timeout", "20", f"w{n}", "pid")
        assert status == 0, err
        pids.append(int(out))
    return pids


def _all_back(terminal: Terminal, hub: "subprocess.Popen[str]", without: set[int]) -> None:
    """Wait until all workers answer, none of them from these processes."""
    end, why = time.monotonic() + 2 * PATIENCE, "none answered"
    while time.monotonic() < end:
        assert hub.poll() is None, hub.communicate()[0]
        try:
            pids = _pids(terminal)
        except AssertionError as error:
            why = str(error)
        else:
            if not without.intersection(pids):
                return
            why = f"{pids} with some of {without}"
        time.sleep(0.1)
    raise AssertionError(f"expected all workers to be back, got: {why}")


def _nodes(terminal: Terminal) -> dict[str, int | None]:
    status, out, err = terminal.ask("tree", "--system", "hub", "--json")
    assert status == 0, err
    return {node["name"]: node["pid"] for node in json.loads(out)["nodes"]}


def _end(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> str:
    """End a command by a signal, to its whole group as a terminal does; what it has said since."""
    os.killpg(process.pid, number)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out
    return out


def test_a_host_that_lacks_the_code_is_no_harm_when_a_worker_is_killed(terminal: Terminal) -> None:
    hub, address = _hub(terminal, 2)
    join = ("--name", "edge", "--join", address, *WORK)
    terminal.start("node", *join, says="node edge joined", folder=terminal.folder / "elsewhere")
    terminal.ask_until("tree", "--system", "hub", "--json", says='"edge"')  # its door is not all of it
    nodes = _nodes(terminal)
    victim = nodes["worker-2"]
    assert victim is not None
    assert victim in _pids(terminal)
    os.kill(victim, signal.SIGKILL)
    _all_back(terminal, hub, {victim})
    assert "ERROR cybernetic.system" not in _end(hub)


def test_a_host_with_four_nodes_is_killed_and_its_agents_are_back_on_the_other(terminal: Terminal) -> None:
    address = f"tcp:127.0.0.1:{free_port()}"
    four = ("--node", "second", "--nodes", "4", *WORK, "--listen", address, "--system", "second")
    second = terminal.start("run", "shop:Idle", *four, says="is called second")
    join = ("--nodes", "1", *WORK, "--join", address, "--system", "hub")
    hub = terminal.start("run", "shop:Crew", *join, says="started child 7")
    before = _pids(terminal)
    own = _nodes(terminal)["main.worker-1"]
    assert len(set(before) - {own}) >= 3, "spread over the nodes of the second host"
    second.kill()
    _all_back(terminal, hub, set(before) - {own})
    assert set(_pids(terminal)) == {own}
    _end(hub)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_hosts_that_are_told_to_end_do_so_in_order_and_leave_nothing(
    terminal: Terminal, number: signal.Signals
) -> None:
    hub, address = _hub(terminal, 2)
    names = "east", "west"
    edges = [terminal.begin("node", "--name", name, "--join", address, *WORK) for name in names]
    for edge, name in zip(edges, names, strict=True):
        hear(edge, f"node {name} joined")
    for process in (edges[0], hub, edges[1]):  # beside another, before another, alone
        said = _end(process, number)
        assert "cybernetic: stopped\n" in said
        assert " ERROR " not in said
        assert "Traceback" not in said
    end = time.monotonic() + 20
    while (terminal.left() or len(list(terminal.runs.iterdir())) > 1) and time.monotonic() < end:
        time.sleep(0.05)
    assert not terminal.left()
    assert [entry.name for entry in terminal.runs.iterdir()] == [".lock"]
