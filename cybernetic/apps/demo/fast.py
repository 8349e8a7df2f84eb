"""Whole hours, as quickly as the cores allow: companies in processes of their own, other futures forked off."""

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

from cybernetic.apps.demo.claims import Claim, Row, digest, judged, outage, rows, status
from cybernetic.apps.demo.copies import EVERY
from cybernetic.apps.demo.frames import ARMS, TICK, Frame, Score
from cybernetic.apps.demo.play import Fork, Playing, play
from cybernetic.apps.demo.world.plan import HOUR, Plan

MEANT = {"s2": "campaign", "s3": "loop", "s3star": "lie", "s4": "ramp", "algedonic": "hang"}
"""The incident by which each system shows what it is for."""
LOOK = 1.0  # real seconds between two looks at whether it is still wanted
LATER = 900.0  # seconds after which the other future is looked at


@dataclass(frozen=True, slots=True)
class Ablation:
    """Another future of the viable company: from second `at` on without a system, looked at in second `until`.

    `kept` is the score there of the company as it is, `without` that of the other.
    """

    system: str
    at: float
    until: float
    kept: Score
    without: Score


@dataclass(frozen=True, slots=True)
class Hour:
    """What all companies made of the hour of a seed.

    Attributes:
        seed: of the world.
        scores: at its end, by arm.
        ablations: the other futures that were asked for.
        outage: customers that each arm lost from the outage on; None where there was none.
        hash: of every frame of all arms, and of the other futures: equal for equal seeds that are asked the same.
    """

    seed: int
    scores: Mapping[str, Score]
    ablations: tuple[Ablation, ...]
    outage: Mapping[str, int] | None
    hash: str

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What is claimed of it, checked."""
        return judged(self.seed, self.scores)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its scoreboard."""
        return rows(self.scores, self.outage)

    @property
    def status(self) -> int:
        """The exit status that the claims make."""
        return status(self.claims)


def hours(seeds: Iterable[int], ablations: Iterable[str] = tuple(MEANT), jobs: int = 0) -> Iterator[Hour]:
    """The hours of some seeds, one after another, each as soon as it is known.

    Args:
        seeds: of the worlds.
        ablations: systems without each of which the viable company goes on as well, from the incident on that it is
            meant for; in an hour in which nothing befalls there are none, nor where a process cannot be forked.
        jobs: processes beside which other futures are forked. Default 0: as many as cores.

    Raises `OptionError`, and what a company raises.
    """
    names = tuple(ablations)
    workers, maker = jobs or os.cpu_count() or 1, os.getpid()
    with ProcessPoolExecutor(workers, _context(), initializer=_ending_with, initargs=(maker,)) as pool:
        asked = [(seed, _asked(pool, seed, names)) for seed in seeds]
        for seed, lives in asked:
            ends = {arm: life.result() for arm, life in lives.items()}
            frames = {arm: ends[arm][0] for arm in ARMS}
            scores = {arm: each[-1].score for arm, each in frames.items()}
            others = ends["viable"][1]
            told = digest([one for each in frames.values() for one in each], [one.without for one in others])
            yield Hour(seed, scores, others, outage(seed, frames), told)


def _context() -> BaseContext:
    """How processes are made: as copies of this one, which have nothing to import, where it has no other thread (as the
    kernel counts them) that a copy would miss; else afresh.
    """
    threads = Path("/proc/self/task")
    alone = threads.is_dir() and len(list(threads.iterdir())) == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def _ending_with(maker: int) -> None:
    """End this process when the one that made it was killed: the other workers keep its queue open, and it would wait
    for ever.
    """
    if not hasattr(signal, "setitimer"):
        return

    def look(*_: object) -> None:
        if os.getppid() != maker:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)


Life = tuple[list[Frame], tuple[Ablation, ...]]


def _asked(pool: ProcessPoolExecutor, seed: int, names: tuple[str, ...]) -> dict[str, Future[Life]]:
    """The longest first."""
    order = sorted(ARMS, key=lambda arm: arm != "viable")
    return {arm: pool.submit(lived, seed, arm, names if arm == "viable" else ()) for arm in order}


def lived(seed: int, arm: str, names: tuple[str, ...]) -> Life:
    """A whole hour of one company in this process, nothing of which is logged, and the other futures of it."""
    logging.disable(logging.CRITICAL)
    plan, playing = Plan.draw(seed), play(seed, arm)
    due = {name: when for name in names if (when := _moment(plan, MEANT[name])) is not None}
    branches = {name: _branch(at) for name, at in due.items()}
    frames: list[Frame] = []
    other: dict[str, int] = {}
    for frame in playing:
        frames.append(frame)
        for name, at in due.items():
            if frame.at == branches[name] and hasattr(os, "fork"):
                other[name] = _forked(playing, Fork((name,), at))
    return frames, tuple(_ablation(name, due[name], frames, other[name]) for name in due if name in other)


def moment(seed: int, system: str) -> tuple[float, float] | None:
    """When the viable company forks to show what a system is for, and when the other future is looked at, seconds of
    the hour; None where the incident does not befall.
    """
    at = _moment(Plan.draw(seed), MEANT[system])
    return None if at is None else (at, _until(at))


def _moment(plan: Plan, kind: str) -> float | None:
    """The last frame before an incident; None where it does not befall."""
    one = plan.of(kind)
    return None if one is None else one.at // TICK * TICK


def _branch(at: float) -> float:
    """The frame after which a process must branch off for the system to go at `at`, exactly as for a copy that was
    made some minutes before: within the next frame, not after it, for the order of two events at `at` matters.
    """
    return max(at // EVERY * EVERY, at - TICK)


def _forked(playing: Playing, fork: Fork) -> int:
    """A copy of this process goes on without a system, and tells its score later through the pipe that this returns."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return reading
    try:
        until, frame = _until(fork.at), playing.send(fork)
        while frame.at < until:
            frame = next(playing)
        os.write(writing, frame.to_line().encode())
    finally:
        sys.stdout.flush()
        os._exit(0)


def _ablation(name: str, at: float, frames: list[Frame], pipe: int) -> Ablation:
    with open(pipe, encoding="utf-8") as told:
        other = Frame.of_line(told.read())
    os.wait()
    kept = next(frame for frame in frames if frame.at == other.at)
    return Ablation(name, at, other.at, kept.score, other.score)


def _until(at: float) -> float:
    return min(HOUR, at + LATER)
