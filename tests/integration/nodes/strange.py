"""Programs for nodes that do what they should not, and a warden with another version of Thespian."""

import asyncio
import ctypes
import importlib.metadata
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from typing import Any

from cybernetic.nodes.host.control import SOCKET, Kind, Talk

_pending = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _: ctypes.string_at(0) and 0)


async def faults_in_loop(context: Any) -> None:
    """Reads at address 0, in the loop's thread."""
    context.ready("here")
    await asyncio.sleep(0.1)
    ctypes.string_at(0)


async def faults_in_main(context: Any) -> None:
    """The same in the main thread, which a word of ours wakes."""
    context.ready("here")
    await asyncio.sleep(0.1)
    ctypes.pythonapi.Py_AddPendingCall(_pending, None)
    context.ready("again")
    await asyncio.Event().wait()


async def ignores_sigterm(context: Any) -> None:
    """Is deaf to SIGTERM, as C sees it, whatever Python has set."""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal(signal.SIGTERM, signal.SIG_IGN)
    context.ready("here")
    await context.ending.wait()


async def spins(context: Any) -> None:
    """Leaves its loop no time."""
    context.ready("here")
    await asyncio.sleep(0.1)
    while True:
        time.sleep(0)


async def has_children(context: Any) -> None:
    """Starts processes that heed nothing; one has lost its own maker, one has a session of its own."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    twice = (
        "import subprocess, sys; "
        f"print(subprocess.Popen([sys.executable, '-c', {deaf!r}], stdout=subprocess.DEVNULL).pid)"
    )
    plain = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    apart = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    loose = int(subprocess.run([sys.executable, "-c", twice], stdout=subprocess.PIPE, check=True).stdout)
    forked = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    forked.start()
    for each in (plain, apart):
        assert each.stdout is not None
        each.stdout.readline()
    context.ready(" ".join(map(str, (plain.pid, apart.pid, loose, forked.pid))))
    await context.ending.wait()


async def calls_the_control_socket(context: Any) -> None:
    """Would be the supervisor; its address tells how that went."""
    reader, writer = await asyncio.open_unix_connection(context.directory / SOCKET)
    try:
        writer.write(Talk().pack(Kind.HELLO, {}))
        heard = await asyncio.wait_for(reader.read(), 20)
    except (ConnectionResetError, BrokenPipeError):
        heard = b""
    except TimeoutError:
        heard = b"nothing"
    context.ready("heard" if heard else "hung up")
    await context.ending.wait()


def other_version(name: str) -> str:
    """What `importlib.metadata.version` would say of another Thespian."""
    return "4.0.2" if name == "thespian" else _version(name)


_version = importlib.metadata.version

if __name__ == "__main__":
    setattr(importlib.metadata, "version", other_version)  # noqa: B010 (an assignment is none that types allow)
    from cybernetic.nodes.host import driver_thespian

    driver_thespian.main(sys.argv[1:])
    os._exit(3)
