"""Replicas on three hosts: cut off from each other under writes, they are the same at once when the cut heals."""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.nodes.hosts import run_on, why_not
from tests.integration.state.pace import pauses, slowness
from tests.integration.state.switch import HOSTS, Switch, switch

APART = 10.0  # seconds
SAME = 2.0  # from when they can talk
WRITES = 50.0  # of each meanwhile at least, of some 300
BUSY, STILL = 1.5, 0.2  # times slower, and seconds of standing still, from which on a machine says little
TRIALS = 3  # on such a one
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


class Trial(NamedTuple):
    """How long it took until all were the same, how slow the machine was, and how long it stood still at most."""

    took: float
    slow: float
    still: float

    @property
    def passed(self) -> bool:
        """Whether it was in time, as times go on this machine."""
        return self.took < SAME * self.slow + self.still

    @property
    def excused(self) -> bool:
        """Whether it says little, as the machine was busy with something else."""
        return self.slow > BUSY or self.still > STILL


def apart(made: Switch, hosts: Talk) -> Trial:
    """Cut them off from each other while they write, let them meet again, and see when they are the same."""
    hosts.ask("begin")
    time.sleep(1.0)
    made.pull(*HOSTS[1:])
    cut = time.monotonic()
    before = hosts.ask("acknowledged")
    slow = slowness()
    time.sleep(max(0.0, APART - (time.monotonic() - cut)))
    until_each_reaches(hosts, 1)
    after = hosts.ask("acknowledged")
    alone = [set(elements) for elements, _ in hosts.ask("all")]
    for n, (value, (_, first), (_, end)) in enumerate(zip(alone, before, after, strict=True)):
        assert end - first > WRITES / slow, "it wrote all the time"
        assert value.issuperset(range(first, end))
        # one more was on its way when the numbers were asked for
        assert not set().union(*alone[:n], *alone[n + 1 :]).intersection(range(first + 1, end))
    with pauses() as watched:
        made.plug(*HOSTS[1:])
        until_each_reaches(hosts, len(HOSTS))
        healed = time.monotonic()
        acknowledged = set(chain(*[range(*ends) for ends in hosts.ask("end")]))
        values = hosts.ask("all")
        while values.count(values[0]) < len(HOSTS):
            assert time.monotonic() - healed < PATIENCE, [len(elements) for elements, _ in values]
            time.sleep(0.02)
            values = hosts.ask("all")
        took = time.monotonic() - healed
    elements = set(values[0][0])
    assert elements.issuperset(acknowledged)
    assert len(elements - acknowledged) <= len(HOSTS), "what was on its way when they ended, and nothing else"
    assert hosts.ask("trouble") == [[1, 0, 0, 0, 0]] * len(HOSTS)
    return Trial(took, min(slow, slowness()), watched.longest)


def test_three_that_were_apart_for_ten_seconds_under_writes_are_the_same_two_seconds_later() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with switch() as made, talk(made) as hosts:
        assert hosts.hear() == ["ready"] * 3
        until_each_reaches(hosts, len(HOSTS))
        trials: list[Trial] = []
        while not trials or (not trials[-1].passed and trials[-1].excused and len(trials) < TRIALS):
            trials.append(apart(made, hosts))
        assert trials[-1].passed, trials
        assert hosts.end() == [0, 0, 0]
