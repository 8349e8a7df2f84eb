"""The bodies of tests/nodes on two hosts made of network namespaces, linked over TLS."""

import json
import select
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from tests.integration.nodes.bodies import FIRST, Body, chosen, every
from tests.integration.nodes.hosts import run_on, two_hosts, why_not

PATIENCE = 150.0  # seconds that one body may take: more than `REAL_SECONDS`, so that it says why


class Hosts:
    """Two hosts, of which the first does what it is asked to, and the second offers nodes."""

    def __init__(self, scratch: Path, stack: ExitStack) -> None:
        self._log = scratch / "log"
        names = stack.enter_context(two_hosts())
        log = stack.enter_context(self._log.open("w"))
        self._first, self._second = (
            stack.enter_context(run_on(name, what, scratch, "tests.integration.nodes.stages", log))
            for name, what in zip(names, ("runs", "offers"), strict=True)
        )
        assert self._answer("") == "ready"

    def run(self, body: Body) -> str:
        """Run a body; what was wrong with it, and what the hosts said meanwhile."""
        before = self._log.stat().st_size
        print(body.id, file=_pipe(self._first.stdin), flush=True)
        wrong = self._answer(body.id)
        return wrong and wrong + self._log.read_bytes()[before:].decode(errors="replace")

    def end(self) -> tuple[int, int]:
        """Let both come to their end; how they ended."""
        for process in (self._first, self._second):
            _pipe(process.stdin).close()
        return self._first.wait(60), self._second.wait(60)

    def _answer(self, of: str) -> str:
        output = _pipe(self._first.stdout)
        while select.select([output], [], [], PATIENCE)[0] and (line := output.readline()):
            body, answer = json.loads(line)
            if body == of:  # else it is of one that nobody waited for any more
                return str(answer)
        return f"no answer: {self._log.read_text()[-5000:]}"


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="cy", ignore_cleanup_errors=True) as scratch,
        ExitStack() as stack,
    ):
        made = Hosts(Path(scratch), stack)
        yield made
        assert made.end() == (0, 0)


@pytest.mark.parametrize("body", [*every(FIRST), *chosen(1, 7)], ids=lambda body: body.id)
def test_on_two_hosts(hosts: Hosts, body: Body) -> None:
    wrong = hosts.run(body)
    assert not wrong, wrong
