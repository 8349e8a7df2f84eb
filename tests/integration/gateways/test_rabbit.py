"""The broker of the tests leaves nothing behind, however its tests end."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.gateways.rabbit import RabbitMQ, running
from tests.support import soak

ROOT = Path(__file__).parents[3]

STARTS = """
import time
from tests.integration.gateways.rabbit import RabbitMQ
broker = RabbitMQ()
broker.launch()
print(broker.home, broker._process.pid, flush=True)
time.sleep(600)
"""
PARTS = {"sh", "epmd", "beam.smp"}  # the guard, and what it guards


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_broker_ends_with_the_process_that_started_it(how: signal.Signals) -> None:
    if how != signal.SIGKILL and not soak(0, 1):
        pytest.skip("one way in the quick run")
    starter = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STARTS,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert starter.stdout
    home, group = (await starter.stdout.readline()).decode().split()
    try:
        async with asyncio.timeout(60):
            while not set(running(int(group))) >= PARTS:
                await asyncio.sleep(0.05)
            starter.send_signal(how)
            await starter.wait()
            while running(int(group)) or os.path.exists(home):
                await asyncio.sleep(0.05)
    finally:
        if running(int(group)):
            os.killpg(int(group), signal.SIGKILL)
        if starter.returncode is None:
            starter.kill()
            await starter.wait()


def test_the_broker_listens_on_loopback_alone(rabbit: RabbitMQ) -> None:
    inodes = set()
    for fd in Path(f"/proc/{rabbit.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(os.readlink(fd))
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{rabbit.pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in inodes:
                listening.add(local)
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}
    assert {rabbit.port, rabbit.tls_port} <= {int(address.partition(":")[2], 16) for address in listening}
