"""Replicas on three hosts: cut off from each other under writes, they are the same at once when the cut heals."""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.integration.nodes.hosts import run_on, why_not
from tests.integration.state.switch import HOSTS, Switch, switch

APART = 10.0  # seconds
LINKED = 15.0  # until nodes have called each other again
SAME = 2.0  # from when they can talk


class Talk:
    """What is said to the programs on the hosts, and their answers."""

    def __init__(self, processes: "list[subprocess.Popen[str]]") -> None:
        self._processes = processes

    def hear(self) -> list[Any]:
        """An answer of each."""
        return [json.loads(each.stdout.readline()) for each in self._processes if each.stdout is not None]

    def ask(self, command: str) -> list[Any]:
        """Have each do something; the answers."""
        for each in self._processes:
            assert each.stdin is not None
            each.stdin.write(f"{command}\n")
            each.stdin.flush()
        return self.hear()

    def end(self) -> list[int]:
        """Have each end; how they did."""
        for each in self._processes:
            assert each.stdin is not None
            each.stdin.close()
        return [each.wait(20) for each in self._processes]


@contextlib.contextmanager
def talk(made: Switch) -> Iterator[Talk]:
    """A replica on each host."""
    with tempfile.TemporaryDirectory(prefix="cy") as folder, contextlib.ExitStack() as stack:
        scratch = Path(folder)
        processes = [
            stack.enter_context(run_on(made.spaces[host], host, scratch, "tests.integration.state.hosts"))
            for host in HOSTS
        ]
        yield Talk(processes)


def until_linked(hosts: Talk) -> None:
    """Until each reaches all."""
    begun = time.monotonic()
    while any(len(reached) < len(HOSTS) for reached in hosts.ask("reached")):
        assert time.monotonic() - begun < LINKED
        time.sleep(0.02)


def test_three_that_were_apart_for_ten_seconds_under_writes_are_the_same_two_seconds_later() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with switch() as made, talk(made) as hosts:
        assert hosts.hear() == ["ready"] * 3
        until_linked(hosts)
        hosts.ask("begin")
        time.sleep(1.0)
        made.pull(*HOSTS[1:])
        time.sleep(APART)
        assert hosts.ask("reached") == [[host] for host in HOSTS]
        alone = hosts.ask("count")
        made.plug(*HOSTS[1:])
        until_linked(hosts)
        healed = time.monotonic()
        acknowledged = [range(*ends) for ends in hosts.ask("end")]
        assert sum(map(len, acknowledged)) > 2 * max(alone)
        values = hosts.ask("all")
        while values.count(values[0]) < len(HOSTS):
            assert time.monotonic() - healed < SAME, [len(value) for value in values]
            time.sleep(0.05)
            values = hosts.ask("all")
        assert set(values[0]).issuperset(chain(*acknowledged))
        assert hosts.end() == [0, 0, 0]
