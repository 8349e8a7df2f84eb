"""One system on two hosts, made of network namespaces: joined over TLS, cut, and joined again."""

import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from tests.integration.nodes.hosts import cable, run_on, two_hosts, why_not
from tests.integration.nodes.watch import PATIENCE


def _expect(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout is not None
    late = threading.Timer(PATIENCE, process.kill)
    late.start()
    got = process.stdout.readline().strip()
    late.cancel()
    assert got == line


def test_an_agent_runs_on_another_host_and_comes_back_when_the_cable_does() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with (
        two_hosts() as (one, two),
        tempfile.TemporaryDirectory(prefix="cy", ignore_cleanup_errors=True) as scratch,
        run_on(one, "first", Path(scratch)) as first,
    ):
        _expect(first, "listening")
        with run_on(two, "second", Path(scratch)) as second:
            _expect(second, "joined")
            _expect(first, "answer 7 edge")
            _expect(first, "cut")
            cable(two, up=False)
            _expect(first, "lost True")
            _expect(first, "mend")
            cable(two, up=True)
            _expect(first, "again 8")
            assert first.wait(PATIENCE) == 0
            assert second.stdin is not None
            second.stdin.close()
            assert second.wait(PATIENCE) == 0
