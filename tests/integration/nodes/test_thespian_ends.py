"""How nodes and hosts end that do not end well, and what is left then: no process, no port, no directory."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cybernetic.nodes.host.port import HostEnded, NodeEnded, NodeUp
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.host.processes import children
from tests.integration.nodes.watch import (
    GONE,
    PATIENCE,
    Watch,
    alive,
    closed,
    gone,
    listening,
    nothing_left,
    over,
)

HERE = "tests.integration.nodes.strange:"


@pytest.mark.parametrize("program", ["faults_in_loop", "faults_in_main"])
async def test_a_node_that_reads_at_address_zero_ends_at_once_by_its_signal(program: str) -> None:
    async with Watch() as watch:
        up = await watch.node("one", HERE + program)
        assert await watch.ended() == "it was ended by SIGSEGV"
        assert not alive([up.pid])


async def test_a_node_that_ignores_sigterm_lives_on_and_still_ends_when_asked() -> None:
    async with Watch() as watch:
        up = await watch.node("one", HERE + "ignores_sigterm")
        os.kill(up.pid, signal.SIGTERM)
        await asyncio.sleep(0.1)
        assert alive([up.pid])
        watch.host.end("one", 1)
        assert await watch.ended() == "its program ended"


@pytest.mark.parametrize("asked", [True, False], ids=["killed", "ended"])
async def test_what_a_node_started_ends_with_it_and_what_its_siblings_started_does_not(asked: bool) -> None:
    async with Watch() as watch:
        up = await watch.node("one", HERE + "has_children")
        other = await watch.node("other", HERE + "has_children")
        started, others = _pids(up), _pids(other)
        assert alive(started) == started
        watch.host.kill("one", 1) if asked else watch.host.end("one", 1)
        await watch.ended()
        await gone(lambda: alive(started))
        kept = [pid for pid in others if pid != others[2]]  # nobody knows any more whose the loose one was
        assert alive([other.pid, *kept]) == [other.pid, *kept]
        assert len(watch.of(NodeEnded)) == 1


@pytest.mark.parametrize("victim", ["warden", "sup", "all"])
async def test_what_nodes_started_is_gone_too_after_any_kill_and_so_are_the_ports(victim: str) -> None:
    async with Watch() as watch:
        up = await watch.node("one", HERE + "has_children")
        ports = await watch.ports(4)
        pids, directory = watch.processes() + _pids(up), watch.host.directory
        assert ports == set(listening(pids))
        assert len(ports) == 4
        (sup,) = (pid for pid in children(watch.admin) if up.pid in children(pid))
        for pid in {"warden": [watch.warden], "sup": [sup], "all": watch.processes()}[victim]:
            os.kill(pid, signal.SIGKILL)
        await watch.until(lambda: watch.of(HostEnded))
        await nothing_left(pids, directory)
        await closed(ports)


async def test_a_warden_that_is_told_to_end_again_and_again_still_ends_everything_first() -> None:
    async with Watch() as watch:
        await watch.node("one")
        pids, directory = watch.processes(), watch.host.directory
        now = asyncio.get_running_loop().time
        stop = now() + GONE
        while (alive(pids) or directory.exists()) and now() < stop:
            for _ in range(1000):
                os.kill(watch.warden, signal.SIGTERM)
        os.kill(watch.warden, signal.SIGTERM)  # which is dead by now, but not buried: this one is its parent
        assert not alive(pids)
        assert not directory.exists()
        await watch.until(lambda: watch.of(HostEnded))


async def test_a_host_that_is_given_up_while_it_opens_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    host, before = ProcessHost("test"), set(children(os.getpid()))
    opening = asyncio.ensure_future(host.open(lambda news: None))
    async with asyncio.timeout(PATIENCE):
        while not [
            grandchild for child in set(children(os.getpid())) - before for grandchild in children(child)
        ]:
            await asyncio.sleep(0.001)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert set(children(os.getpid())) == before
    assert capfd.readouterr() == ("", "")


async def test_no_port_is_left_after_an_ordinary_end() -> None:
    async with Watch() as watch:
        await watch.node("one")
        ports = await watch.ports(4)
        assert len(ports) == 4
    await closed(ports)


PARENT = """
import asyncio, sys
from cybernetic.nodes.host.process import ProcessHost
from cybernetic.nodes.host.port import NodeOrder
async def main():
    host = ProcessHost("killed")
    await host.open(lambda news: print(type(news).__name__, getattr(news, "address", ""), flush=True))
    print(host.directory, flush=True)
    host.create(NodeOrder("one", 1, sys.argv[1]))
    await asyncio.Event().wait()
asyncio.run(main())
"""


class Parent:
    """A user's process with one node."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process, self._told = process, process.stdout
        self.directory = Path(self.line())
        self.up = self.line().split()
        assert self.up[0] == "NodeUp"
        watch = Watch()
        (watch.warden,) = children(process.pid)
        self.processes = watch.processes()

    def line(self) -> str:
        """The next line that it writes."""
        return self._told.readline().strip()


@contextlib.contextmanager
def parent(program: str) -> Iterator[Parent]:
    """A user's process whose node runs `program`."""
    words = [sys.executable, "-c", PARENT, program]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        late = threading.Timer(PATIENCE, process.kill)  # so that nobody reads for ever
        late.start()
        try:
            yield Parent(process)
        finally:
            late.cancel()
            process.kill()


@pytest.mark.parametrize("program", ["spins", "has_children"])
async def test_a_killed_user_process_takes_everything_along(program: str) -> None:
    with parent(HERE + program) as user:
        pids = user.processes + [int(each) for each in user.up[1:] if each.isdigit()]
        assert len(user.processes) >= 5
        ports = set(listening(pids))
        await asyncio.sleep(0.2)
        user.process.kill()
        await nothing_left(pids, user.directory)
        await closed(ports)


async def test_what_a_run_left_whose_every_process_was_killed_is_ended_by_the_next() -> None:
    with parent(HERE + "has_children") as user:
        left = [int(each) for each in user.up[1:]]
        of_run = [user.process.pid, *(pid for pid in user.processes if pid not in left)]
        for number in (signal.SIGSTOP, signal.SIGKILL):  # so that none sees another end, and ends by itself
            for pid in of_run:
                os.kill(pid, number)
        user.process.wait()
        await gone(lambda: not all(map(over, of_run)))  # what has no command any more may hold its lock still
        assert user.directory.exists()
        assert alive(left) == left
        host = ProcessHost("next")
        await host.open(lambda news: None)
        try:
            await nothing_left(left, user.directory)
        finally:
            await host.close()


async def test_a_user_process_that_is_stopped_for_three_seconds_finds_everything_as_it_was() -> None:
    with parent("cybernetic.testing.hosts:waits") as user:
        user.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(3)
        user.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.1)
        assert alive([user.process.pid, *user.processes]) == [user.process.pid, *user.processes]
        user.process.kill()
        assert user.line() == ""


def _pids(up: NodeUp) -> list[int]:
    return [int(each) for each in up.address.split()]
