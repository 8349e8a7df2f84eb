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
from tests.integration.state.pace import slowness
from tests.integration.state.switch import HOSTS, Switch, switch

APART = 10.0  # seconds
SAME = 2.0  # from when they can talk
TRIALS = 3  # for a machine that stands still meanwhile
PATIENCE = 60.0  # with what has no limit of its own


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
        return [each.wait(PATIENCE) for each in self._processes]


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


def until_each_reaches(hosts: Talk, count: int) -> None:
    """Until each reaches so many, itself among them."""
    begun = time.monotonic()
    while any(len(reached) != count for reached in hosts.ask("reached")):
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.02)


def apart(made: Switch, hosts: Talk) -> float:
    """Cut them off from each other while they write, let them meet again; how long after that they are the same."""
    hosts.ask("begin")
    time.sleep(1.0)
    made.pull(*HOSTS[1:])
    time.sleep(APART)
    until_each_reaches(hosts, 1)
    alone = [set(value) for value in hosts.ask("all")]
    for n, value in enumerate(alone):
        assert value.difference(*alone[:n], *alone[n + 1 :])  # each knows what nobody else does
    made.plug(*HOSTS[1:])
    until_each_reaches(hosts, len(HOSTS))
    healed = time.monotonic()
    acknowledged = [range(*ends) for ends in hosts.ask("end")]
    values = hosts.ask("all")
    while values.count(values[0]) < len(HOSTS):
        assert time.monotonic() - healed < PATIENCE, [len(value) for value in values]
        time.sleep(0.05)
        values = hosts.ask("all")
    took = time.monotonic() - healed
    assert set(values[0]).issuperset(chain(*acknowledged))
    return took


def test_three_that_were_apart_for_ten_seconds_under_writes_are_the_same_two_seconds_later() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with switch() as made, talk(made) as hosts:
        assert hosts.hear() == ["ready"] * 3
        until_each_reaches(hosts, len(HOSTS))
        assert any(apart(made, hosts) < SAME * slowness() for _ in range(TRIALS))
        assert hosts.end() == [0, 0, 0]
