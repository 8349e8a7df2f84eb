"""The warden: `python -m cybernetic.nodes.host.driver_thespian LINK LOCK`, started by `ProcessHost`, not by hand.

It starts Thespian and the one supervisor of nodes, then waits for the end of the user's process, or for its word.
Then it ends every process below it, removes the run's directory and ends. It has no threads: all others are forked.
"""

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from cybernetic.nodes.host.control import Kind, Talk
from cybernetic.nodes.host.driver_actors import LINEAGE, Boot
from cybernetic.nodes.host.driver_fence import arm, fenced_system
from cybernetic.nodes.host.driver_process import Lineage, adopt_orphans, die_with_parent
from cybernetic.nodes.host.processes import end_all_below, reap
from cybernetic.nodes.host.rundir import RunDirectory

SUPERVISOR = "cybernetic.nodes.host.driver_actors.Sup"


def main(arguments: list[str]) -> None:
    """Be the warden. `arguments`: the descriptors of the link to the user's process, and of the run's lock."""
    link, lock = socket.socket(fileno=int(arguments[0])), int(arguments[1])
    for descriptor in (link.fileno(), lock):  # forked processes have them, what those execute does not
        os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # It raises nothing: the end of the user's process is told by the link too, and it might come amid the clearing up.
    signal.signal(signal.SIGTERM, lambda number, frame: _hang_up(link))
    talk = Talk()
    setup = _setup(link, talk)
    directory = Path(setup["directory"])
    try:
        _begin(link, lock, setup, directory)
        while link.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except Exception as error:
        link.sendall(talk.pack(Kind.FAILED, {"why": f"{type(error).__name__}: {error}"}))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        end_all_below()
        RunDirectory("", directory).remove()
        os._exit(0)


def _setup(link: socket.socket, talk: Talk) -> dict[str, Any]:
    """The first word of the user's process."""
    while data := link.recv(65536):
        for _, body in talk.feed(data):
            return body
    os._exit(0)


def _begin(link: socket.socket, lock: int, setup: dict[str, Any], directory: Path) -> None:
    adopt_orphans()
    die_with_parent(setup["parent"], by=signal.SIGTERM)
    sys.path[:] = setup["modules"]
    if setup["pythonpath"] is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = setup["pythonpath"]
    arm(setup["key"], directory / "thespian.log")
    lineage = Lineage(lock)
    lineage.sockets.append(link)
    LINEAGE.append(lineage)
    system = fenced_system()
    supervisor = system.newPrimaryActor(SUPERVISOR, None, None)
    system.tell(supervisor, Boot(str(directory)))
    system.transport.close()
    signal.signal(signal.SIGCHLD, lambda number, frame: reap())
    reap()


def _hang_up(link: socket.socket) -> None:
    """End the waiting for a word on the link."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(sys.argv[1:])
