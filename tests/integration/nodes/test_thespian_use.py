"""A host is used from any thread, again and again, and leaves nothing behind; a node holds what is its own."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from cybernetic.nodes.host.port import NodeOrder, NodeUp
from cybernetic.nodes.host.process import QUIETLY, ProcessHost
from cybernetic.nodes.host.processes import children
from cybernetic.nodes.host.rundir import base_directory
from tests.integration.nodes.watch import PATIENCE, WAITS, Watch, held_by, listening

NAME = f"again{os.getpid()}"  # of this process: another may run the same tests


async def _once(host: ProcessHost) -> None:
    """Open, have a node come and go, close."""
    up: asyncio.Queue[Any] = asyncio.Queue()
    await host.open(up.put_nowait)
    host.create(NodeOrder("one", 1, WAITS))
    assert isinstance(await asyncio.wait_for(up.get(), PATIENCE), NodeUp)
    await host.close()


def _what_is_held() -> tuple[int, set[int], set[Path]]:
    gc.collect()  # what an earlier test has forgotten is no matter of this one
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return descriptors, set(children(os.getpid())), set(base_directory().glob(f"{NAME}-*"))


async def test_five_times_open_and_closed_leaves_no_descriptor_process_or_directory() -> None:
    host = ProcessHost(NAME)
    await _once(host)
    before = _what_is_held()
    for _ in range(5):
        await _once(host)
    assert _what_is_held() == before


def test_loops_one_after_the_other_in_one_process_may_use_one_host() -> None:
    host = ProcessHost(NAME)
    asyncio.run(_once(host))
    before = _what_is_held()
    asyncio.run(_once(host))
    assert _what_is_held() == before


def test_a_loop_in_a_thread_that_is_not_the_main_one_may_use_a_host() -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_once(ProcessHost(NAME)))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(2 * PATIENCE)
    assert not thread.is_alive()
    assert not failed


async def test_each_process_listens_on_a_port_of_its_own_and_on_no_other() -> None:
    async with Watch() as watch:
        await watch.node("one")
        await watch.node("two")
        await watch.ports(5)
        pids = watch.processes()
        listens = [set(listening([pid])) for pid in pids if pid != watch.warden]
        assert not listening([watch.warden])
        assert [len(each) for each in listens] == [1] * 5
        assert len({inode for each in listens for inode in each}) == 5


async def test_a_node_holds_no_socket_of_the_user_s_process_of_its_maker_or_of_a_sibling() -> None:
    async with Watch() as watch:
        ups = [await watch.node(name) for name in ("one", "two", "three")]
        mine = [_sockets(up.pid) for up in ups]
        assert all(mine)
        others = [
            _sockets(pid) for pid in [os.getpid(), *watch.processes()] if pid not in {u.pid for u in ups}
        ]
        assert len(others) == 5
        for held in mine:
            assert not held & {what for each in others for what in each}
            assert sum(bool(held & each) for each in mine) == 1


def _sockets(pid: int) -> set[str]:
    standard = {os.readlink(f"/proc/self/fd/{number}") for number in range(3)}
    return {what for what in held_by(pid) if what.startswith("socket:")} - standard


def test_what_is_logged_while_the_warden_is_imported_does_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(
        "import logging, sys\nlogging.warning('noise')\nprint(sys.argv, __name__)\n"
    )
    command = [sys.executable, "-m", QUIETLY, "noisy", "7", "8"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert done.stderr == ""
    assert done.stdout.endswith("noisy.py', '7', '8'] __main__\n")
