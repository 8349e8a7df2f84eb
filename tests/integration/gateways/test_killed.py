"""A program that is killed at random points: what it was told is kept takes effect once."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.integration.gateways.accounts import Shop
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import soak


def start(rabbit: RabbitMQ, folder: Path, name: str) -> "subprocess.Popen[str]":
    """A program that waits to be told what to do: what it takes to load it is no part of the test."""
    command = [sys.executable, "-m", "tests.integration.gateways.program", rabbit.url, str(folder), name]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def tell(program: "subprocess.Popen[str]", mode: str) -> None:
    """Have it begin."""
    assert program.stdin is not None
    program.stdin.write(f"{mode}\n")
    program.stdin.flush()


def killed_after(lines: int, seconds: float, program: "subprocess.Popen[str]") -> set[int]:
    """Let the program run until it has said some numbers and for some time more, kill it; what it has said is kept."""
    assert program.stdout is not None
    tell(program, "send")
    first = [program.stdout.readline() for _ in range(lines)]
    time.sleep(seconds)
    program.kill()
    said = [*first, *program.stdout.read().split("\n")[:-1]]  # the last line may be cut short
    return {int(line) for line in said if line.strip()}


@contextmanager
def ending() -> Iterator[list["subprocess.Popen[str]"]]:
    """Programs that have all ended afterwards."""
    programs: list[subprocess.Popen[str]] = []
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.communicate()


def test_a_process_that_is_killed_at_random_points_loses_nothing_and_does_nothing_twice(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    chance, shop = random.Random(3), Shop("killed", tmp_path)
    points = [(chance.randrange(1, 60), chance.uniform(0.1, 1.0)) for _ in range(soak(6, 50))]
    kept: set[int] = set()
    with ending() as programs:
        programs.append(start(rabbit, tmp_path, shop.name))
        for lines, seconds in points:
            programs.append(start(rabbit, tmp_path, shop.name))
            kept |= killed_after(lines, seconds, programs[-2])
        (tmp_path / "kept").write_text("\n".join(map(str, kept)))
        tell(programs[-1], "drain")
        assert programs[-1].wait(150) == 0
    effects = shop.effects()
    assert len(kept) >= sum(lines for lines, _ in points) > 100
    assert kept <= set(effects)
    assert max(effects.values()) == 1
