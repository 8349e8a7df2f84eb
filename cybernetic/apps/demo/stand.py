"""`python -m cybernetic.apps.demo.stand`: a second process that plays the viable company, and can go on otherwise.

Now and then (`copies.EVERY`) the process forks a copy of itself, which waits. Asked over its socket, the copy goes on
from there without some system: the same customers, the same luck, and nothing to be played again but two minutes or so.
"""

import argparse
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from cybernetic.apps.demo.copies import EVERY, place
from cybernetic.apps.demo.frames import SYSTEMS
from cybernetic.apps.demo.play import Fork, Playing, play


def main(words: Sequence[str] | None = None) -> int:
    """Play, write frames as lines, and leave copies behind. They end when what is at the standard input does."""
    parser = argparse.ArgumentParser("python -m cybernetic.apps.demo.stand")
    parser.add_argument("--seed", type=int, default=7, help="of the world (default: 7)")
    parser.add_argument("--without", nargs="*", choices=SYSTEMS, default=(), help="systems to take out")
    parser.add_argument("--folder", type=Path, required=True, help="where copies leave their sockets")
    parser.add_argument("--room", action="store_true", help="with what an operations room shows")
    options = parser.parse_args(words)
    logging.getLogger("cybernetic").addHandler(logging.NullHandler())
    logging.getLogger("cybernetic").propagate = False
    frames = play(options.seed, "viable", options.without, room=options.room)
    try:
        for frame in frames:
            if frame.at % EVERY == 0.0 and not frame.last:
                _copy(frames, options.folder / place(frame.at))
            print(frame.to_line(), flush=True)
    except (BrokenPipeError, KeyboardInterrupt):  # whoever reads has seen enough
        sys.stderr.close()
        return 130
    return 0


def _copy(frames: Playing, path: Path) -> None:
    """A copy of this process, as it is now, listens at `path`."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    gc.freeze()  # what is there already is not to be written to, for then it is shared
    if os.fork():
        listener.close()
        return
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        _wait(frames, listener)
    finally:
        os._exit(0)


def _wait(frames: Playing, listener: socket.socket) -> None:
    """For each who asks another copy goes on."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin.fileno()], [], [])
        if listener not in ready:  # the end of the input
            return
        asking, _ = listener.accept()
        if os.fork():
            asking.close()
            continue
        _go_on(frames, asking)
        return


def _go_on(frames: Playing, asking: socket.socket) -> None:
    """Write the frames of the other future, from its fork on."""
    with asking, asking.makefile("rw") as lines:
        asked = json.loads(lines.readline())
        fork = Fork(tuple(asked["without"]), asked["at"])
        frame = frames.send(fork)
        while True:
            if frame.at >= fork.at:
                lines.write(frame.to_line() + "\n")
                lines.flush()
            if frame.last:
                return
            frame = next(frames)


if __name__ == "__main__":
    sys.exit(main())
