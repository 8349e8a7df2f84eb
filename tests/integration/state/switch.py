"""Three hosts made of network namespaces, each plugged into one switch, where a plug can be pulled."""

import contextlib
import os
import subprocess
from collections.abc import Iterator

HOSTS = ("east", "north", "west")
PORT = 7800


def address(host: str) -> str:
    """Where a host is."""
    return f"10.77.4.{HOSTS.index(host) + 1}"


class Switch:
    """The switch, and the hosts at it: `spaces` has their network namespaces."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.spaces = {host: f"{name}{host}" for host in HOSTS}

    def plug(self, *hosts: str) -> None:
        """Plug hosts in."""
        for host in hosts:
            _ip("-n", self.name, "link", "set", host, "master", "switch")

    def pull(self, *hosts: str) -> None:
        """Pull the plugs of hosts: what they send goes nowhere, and nobody is told."""
        for host in hosts:
            _ip("-n", self.name, "link", "set", host, "nomaster")


@contextlib.contextmanager
def switch() -> Iterator[Switch]:
    """A switch with all hosts plugged in; needs what `tests.integration.nodes.hosts.why_not` asks for."""
    made = Switch(f"cys{os.getpid()}")
    spaces = [made.name, *made.spaces.values()]
    try:
        for space in spaces:
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", made.name, "link", "add", "switch", "type", "bridge")
        _ip("-n", made.name, "link", "set", "switch", "up")
        for host, space in made.spaces.items():
            _ip("-n", made.name, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", space, "addr", "add", f"{address(host)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", made.name, "link", "set", host, "up")
            made.plug(host)
        yield made
    finally:
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
