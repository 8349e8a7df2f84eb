"""Whole hours, as quickly as the cores allow: each company in a process of its own, ablations too."""

import logging
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from cybernetic.apps.demo.claims import Claim, Row, digest, judged, rows, status
from cybernetic.apps.demo.frames import ARMS, SYSTEMS, Frame, Score
from cybernetic.apps.demo.play import play
from cybernetic.apps.demo.world.plan import Plan


@dataclass(frozen=True, slots=True)
class Hour:
    """What all companies made of the hour of a seed.

    Attributes:
        seed: of the world.
        scores: at its end, by arm.
        without: those of the viable company without one system, by its name.
        hash: of every frame of all arms: equal for equal seeds.
    """

    seed: int
    scores: Mapping[str, Score]
    without: Mapping[str, Score]
    hash: str

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What is claimed of it, checked."""
        return judged(self.seed, self.scores)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Its scoreboard."""
        return rows(self.scores)

    @property
    def status(self) -> int:
        """The exit status that the claims make."""
        return status(self.claims)


def hours(seeds: Iterable[int], ablations: Iterable[str] = SYSTEMS, jobs: int = 0) -> Iterator[Hour]:
    """The hours of some seeds, one after another, each as soon as it is known.

    Args:
        seeds: of the worlds.
        ablations: systems without each of which the viable company lives through the hour as well; where nothing
            befalls, nothing would show.
        jobs: processes. Default 0: as many as cores.

    Raises `OptionError`, and what a company raises.
    """
    names = tuple(ablations)
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, multiprocessing.get_context("spawn")) as pool:
        asked = [(seed, _asked(pool, seed, names)) for seed in seeds]
        for seed, lives in asked:
            yield _hour(seed, lives)


def _asked(pool: ProcessPoolExecutor, seed: int, names: tuple[str, ...]) -> dict[str, Future[list[Frame]]]:
    """The longest first."""
    told = () if Plan.draw(seed).quiet else names
    lives = {"viable": pool.submit(_lived, seed, "viable", ())}
    lives |= {name: pool.submit(_lived, seed, "viable", (name,)) for name in told}
    return lives | {arm: pool.submit(_lived, seed, arm, ()) for arm in ARMS if arm != "viable"}


def _hour(seed: int, lives: Mapping[str, Future[list[Frame]]]) -> Hour:
    frames = {name: life.result() for name, life in lives.items()}
    ends = {name: one[-1].score for name, one in frames.items()}
    return Hour(
        seed,
        {arm: ends[arm] for arm in ARMS},
        {name: ends[name] for name in ends if name not in ARMS},
        digest([frame for arm in ARMS for frame in frames[arm]]),
    )


def _lived(seed: int, arm: str, without: tuple[str, ...]) -> list[Frame]:
    """A life in this process, nothing of which is logged."""
    logging.disable(logging.CRITICAL)
    return list(play(seed, arm, without))
