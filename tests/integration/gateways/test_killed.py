"""A program that is killed at random points: what it was told is kept takes effect once."""

import random
import subprocess
import sys
import time
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


def killed_after(seconds: float, program: "subprocess.Popen[str]") -> set[int]:
    """Let the program run, kill it; the numbers it has said are kept."""
    with program:
        assert program.stdout is not None
        tell(program, "send")
        first = program.stdout.readline()
        time.sleep(seconds)
        program.kill()
        lines = [first, *program.stdout.read().split("\n")[:-1]]  # the last line may be cut short
    return {int(line) for line in lines if line.strip()}


def test_a_process_that_is_killed_at_random_points_loses_nothing_and_does_nothing_twice(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    chance, shop = random.Random(3), Shop("killed", tmp_path)
    kept: set[int] = set()
    program = start(rabbit, tmp_path, shop.name)
    for _ in range(soak(6, 50)):
        program, running = start(rabbit, tmp_path, shop.name), program
        kept |= killed_after(chance.uniform(0.1, 1.0), running)
    (tmp_path / "kept").write_text("\n".join(map(str, kept)))
    with program:
        tell(program, "drain")
        assert program.wait(90) == 0
    effects = shop.effects()
    assert len(kept) > 100
    assert kept <= set(effects)
    assert max(effects.values()) == 1
