"""The interleaved run: rounds, in each every workload, in each every peer, one process at a time."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import now
from benchmarks.launch import Command

ROOT = Path(__file__).parents[1]
GRACE = 3.0  # seconds a child has to end before it is killed

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be run: commands of peers, workloads, number of rounds, scale, seconds for one process.

    `takes` are the workloads of each peer.
    """

    commands: Mapping[str, Command]
    takes: Mapping[str, Container[str]]
    workloads: tuple[str, ...]
    rounds: int
    scale: float
    limit: float

    def steps(self) -> Iterator[tuple[int, str, str]]:
        """Round, workload and peer, in order; each round begins with another peer."""
        peers = list(self.commands)
        for round in range(1, self.rounds + 1):
            first = (round - 1) % len(peers)
            for workload in self.workloads:
                for peer in peers[first:] + peers[:first]:
                    if workload in self.takes[peer]:
                        yield round, workload, peer


def measure(plan: Plan, say: Callable[[str], object]) -> Iterator[Row]:
    """Run the plan, yielding figures as each process ends; one that fails or overruns gives a row "error".

    `say` is told the progress. An exception, such as `KeyboardInterrupt`, ends the process that runs.
    """
    for round, workload, peer in plan.steps():
        began = now()
        rows = [*_one(plan.commands[peer](workload, round, plan.scale), peer, workload, round, plan.limit)]
        yield from rows
        wrong = [f"{row['workload']}: {row['why']}" for row in rows if row["value"] is None]
        say("  ".join([f"round {round}/{plan.rounds}  {workload}  {peer:16} {now() - began:6.1f} s", *wrong]))


def _one(command: list[str], peer: str, workload: str, round: int, limit: float) -> Iterator[Row]:
    with tempfile.TemporaryFile("w+") as errors:
        output, problem = _run(command, errors.fileno(), limit)
        rows = list(_rows(output))
        if problem and not any(row["value"] is None for row in rows):
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [""])[-1]
            why = f"{problem}: {last}" if last else problem
            rows.append(_error(peer, workload, round, why))
        elif not rows:
            rows.append(_error(peer, workload, round, "printed no figure"))
    yield from rows


def _error(peer: str, workload: str, round: int, why: str) -> Row:
    version = {"peer": peer, "version": "", "workload": workload, "metric": "error"}
    return version | {"value": None, "unit": "", "n": 0, "round": round, "why": why}


def _rows(output: str) -> Iterator[Row]:
    for line in output.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a line cut short when its process was ended


def _run(command: list[str], errors: int, limit: float) -> tuple[str, str]:
    """What the process printed, and what went wrong, if anything. It leads a group, which ends with it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        end(process)
        output, _ = process.communicate()
        return output, f"ran past {limit:g} s"
    except BaseException:
        end(process)
        raise
    return output, f"ended with status {process.returncode}" if process.returncode else ""


def end(process: "subprocess.Popen[str]") -> None:
    """End a process and its group: asked first, and killed after `GRACE` seconds, or if interrupted again."""
    try:
        _signal(process, signal.SIGTERM)
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # the whole group is gone; on macOS, not yet buried
        pass
