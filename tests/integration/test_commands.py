"""The command line as processes: one runs a system, others look into it, a node joins it, mistakes are told."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.terminal import COMMAND, PATIENCE, SECRET, Terminal, free_port, opened

PROGRAM = """
from cybernetic import Agent, DynamicSupervisor, Supervisor, child


class Counter(Agent):
    def __init__(self, start=0):
        self.value = start

    def setup(self):
        print("up", flush=True)

    def add(self, by=1):
        self.value += by
        return self.value


class App(Supervisor):
    def children(self):
        return [child(Counter, 10, id="counter", name="counter")]


class Planner(Agent):
    async def spread(self):
        far = child(Counter, 1, id="far", name="far", requires={"gpu": True})
        await self.system.named("nursery", DynamicSupervisor).call(DynamicSupervisor.start_child, far)


class Spread(Supervisor):
    def children(self):
        return [child(DynamicSupervisor, id=1, name="nursery"), child(Planner, id=2, name="planner")]
"""


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "stall.py").write_text(PROGRAM)
    with opened(tmp_path, monkeypatch, capsys) as found:
        yield found


def test_a_running_system_is_seen_asked_and_stopped_from_elsewhere(terminal: Terminal) -> None:
    process = terminal.start("run", "shop:App", says="up")
    status, out, err = terminal.ask("tree")
    assert (status, err) == (0, "")
    assert "App" in out
    assert "counter" in out
    assert terminal.ask("call", "counter", "add", "5") == (0, "15\n", "")
    status, out, _ = terminal.ask("top", "--once")
    assert (status, "Counter" in out) == (0, True)
    status, _, err = terminal.ask("call", "counter", "ad")
    assert (status, "add" in err) == (1, True)
    status, _, err = terminal.ask("stop")
    assert status == 1
    assert re.search(r"expected --system NAME, or --yes .* which is shop, pid \d+, since \d", err)
    assert terminal.ask("stop", "--yes") == (0, "shop has stopped\n", "")
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "cybernetic: stopped\n" in out
    assert not list(terminal.runs.glob("shop-*"))


def test_of_two_systems_one_is_chosen_by_its_name(terminal: Terminal) -> None:
    terminal.start("run", "shop:App", says="up")
    terminal.start("run", "stall:App", "--system", "market", says="up")
    status, _, err = terminal.ask("tree")
    assert status == 1
    assert "several systems are running; say which with --system NAME" in err
    assert "market" in err
    assert "shop" in err
    assert terminal.ask("call", "--system", "market", "counter", "add")[:2] == (0, "11\n")
    assert terminal.ask("call", "--system", "shop", "counter", "add", "2")[:2] == (0, "12\n")
    status, _, err = terminal.ask("tree", "--system", "marked")
    assert (status, "did you mean market?" in err) == (1, True)


def test_where_nothing_runs_a_sentence_says_so(terminal: Terminal) -> None:
    for command in (["tree"], ["top", "--once"], ["call", "counter", "add"], ["stop"]):
        status, out, err = terminal.ask(*command)
        assert (status, out) == (1, "")
        assert "no system is running here" in err


def test_a_program_runs_where_nobody_can_look_into_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    process = terminal.start("run", "shop:App", says="will not find this system")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_node_joins_a_run_and_is_given_what_only_it_can_do(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYBERNETIC_SECRET", SECRET)
    address = f"tcp:127.0.0.1:{free_port()}"
    terminal.start("run", "shop:Spread", "--listen", address, says="started child 2")
    flags = ["--name", "edge", "--join", address, "--capability", "gpu=true"]
    node = terminal.start("node", *flags, says="node edge joined main")
    terminal.ask_until("tree", "--system", "shop", "--json", says='"edge"')  # its door is not all of it
    status, _, err = terminal.ask("call", "--system", "shop", "planner", "spread")
    assert (status, err) == (0, "")
    assert terminal.ask("call", "--system", "shop", "--timeout", "60", "far", "add", "2")[:2] == (0, "3\n")
    status, out, _ = terminal.ask("tree", "--system", "shop", "--json")
    assert status == 0
    assert '"edge"' in json.dumps(json.loads(out))
    node.send_signal(signal.SIGTERM)
    out, _ = node.communicate(timeout=PATIENCE)
    assert (node.returncode, "cybernetic: stopped\n" in out) == (0, True)


def test_a_signal_ends_a_node_that_still_waits_for_its_peer(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYBERNETIC_SECRET", SECRET)
    nobody = f"tcp:127.0.0.1:{free_port()}"
    process = terminal.start("node", "--name", "edge", "--join", nobody, says="edge.door is linked with edge")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "stopped before all was started" in out) == (0, True)


def test_a_wrong_secret_is_told_and_harms_nobody(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERNETIC_SECRET", SECRET)
    address = f"tcp:127.0.0.1:{free_port()}"
    terminal.start("run", "shop:App", "--listen", address, says="up")
    monkeypatch.setenv("CYBERNETIC_SECRET", SECRET[::-1])
    status, _, err = terminal.run("node", "--name", "edge", "--join", address)
    assert status == 1
    assert "secret" in err
    assert terminal.ask("call", "counter", "add")[:2] == (0, "11\n")


def test_a_file_is_written_checked_and_shown(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.ask("config", "init")[0] == 0
    assert terminal.ask("config", "check")[0] == 0
    status, _, err = terminal.ask("config", "init")
    assert (status, "--force replaces it" in err) == (1, True)
    (terminal.folder / "cybernetic.toml").write_text('[system]\nnodes = "two"\n[cluster]\nlissen = "x"\n')
    status, _, err = terminal.ask("config", "check")
    assert status == 1
    assert "cybernetic.toml:2: system.nodes: expected an integer >= 0, got: 'two'" in err
    assert "did you mean listen?" in err
    (terminal.folder / "cybernetic.toml").write_text("[system]\nnodes = 2\n")
    monkeypatch.setenv("CYBERNETIC_SECRET", SECRET)
    status, out, _ = terminal.ask("config", "show")
    assert status == 0
    assert re.search(r"^system\.nodes\t2\t.*cybernetic\.toml:2$", out, re.MULTILINE)
    assert "secret\tset\tfrom environment CYBERNETIC_SECRET" in out
    assert SECRET not in out


def test_the_doctor_says_a_line_for_everything_and_makes_a_node(terminal: Terminal) -> None:
    status, out, err = terminal.run("doctor")
    assert (status, err) == (0, ""), out
    lines = out.splitlines()
    assert all(re.match(r"(ok  |warn)  .+: .+", line) for line in lines)
    assert re.search(r"^ok    a node: made in [0-9.]+ s", out, re.MULTILINE)
    assert "mode 0700" in out


def test_the_doctor_fails_where_no_run_can_be(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    status, out, _ = terminal.run("doctor", "--quick")
    assert status == 1
    assert re.search(r"^fail  run directory: .* -> set XDG_RUNTIME_DIR", out, re.MULTILINE)


def test_the_bench_measures_in_one_process_and_between_two(terminal: Terminal) -> None:
    for flags in ([], ["--nodes"]):
        status, out, err = terminal.run("bench", "--seconds", "0.05", *flags)
        assert (status, err) == (0, "")
        assert re.findall(r"[0-9,]+ (casts|calls|spawns|restarts) per second", out) == [
            "casts",
            "calls",
            "spawns",
            "restarts",
        ]


def test_a_reader_that_has_gone_is_no_error(terminal: Terminal) -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as out:
        done = subprocess.run(
            [*COMMAND, "config", "show"], stdout=out, stderr=subprocess.PIPE, timeout=PATIENCE
        )
    assert (done.returncode, done.stderr) == (141, b"")
