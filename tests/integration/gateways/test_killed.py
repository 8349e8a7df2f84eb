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


def start(rabbit: RabbitMQ, folder: Path, name: str, mode: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "tests.integration.gateways.program",
        rabbit.url,
        str(folder),
        name,
        mode,
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def killed_after(seconds: float, program: "subprocess.Popen[str]") -> set[int]:
    """Let the program run, kill it; the numbers it has said are kept."""
    with program:
        assert program.stdout is not None
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
    for _ in range(soak(6, 50)):
        kept |= killed_after(chance.uniform(0.1, 1.0), start(rabbit, tmp_path, shop.name, "send"))
    (tmp_path / "kept").write_text("\n".join(map(str, kept)))
    with start(rabbit, tmp_path, shop.name, "drain") as program:
        assert program.wait(90) == 0
    effects = shop.effects()
    assert len(kept) > 100
    assert kept <= set(effects)
    assert max(effects.values()) == 1
