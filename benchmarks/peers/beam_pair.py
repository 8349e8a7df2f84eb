"""Two BEAM nodes on loopback: starts an epmd and the receiving node, runs the given `erl`, and ends all three.

    python -m benchmarks.peers.beam_pair EBIN erl OPTION...

The epmd is one of this run alone: on a free port of 127.0.0.1, as the nodes' own listeners are.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NODE = ("-start_epmd", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-name")


def main(ebin: str, *sender: str) -> int:
    """Run `sender` as one node beside another; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as home:
        cookie = Path(home, ".erlang.cookie")
        cookie.touch(0o600)
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        port = _free_port()
        env = os.environ | {"HOME": home, "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(port)}
        receiver = [sender[0], "+S", "1:1", "-noshell", "-noinput", "-pa", ebin, *NODE, "receiver@127.0.0.1"]
        beside: list[subprocess.Popen[bytes]] = []
        try:
            beside.append(subprocess.Popen(["epmd"], env=env, stdin=subprocess.DEVNULL))
            _wait_for(port)
            run = [*receiver, "-run", "beam_nodes", "receiver"]
            beside.append(subprocess.Popen(run, env=env, stdin=subprocess.DEVNULL))
            return subprocess.run([sender[0], *NODE, "sender@127.0.0.1", *sender[1:]], env=env).returncode
        finally:
            for process in reversed(beside):  # epmd stays until the node is gone
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(port: int, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
