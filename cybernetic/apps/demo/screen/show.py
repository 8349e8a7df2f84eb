"""The demonstration from its first sentence to the scoreboard: on a terminal, as lines, or only its end."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cybernetic.apps.demo.claims import digest, judged, outage, status
from cybernetic.apps.demo.fast import MEANT, hours, moment
from cybernetic.apps.demo.frames import ARMS, Score, clock
from cybernetic.apps.demo.screen.board import board, claimed
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.player import LEAST, Player
from cybernetic.apps.demo.screen.pool import Pool
from cybernetic.apps.demo.screen.reel import ReelTorn
from cybernetic.apps.demo.screen.scene import Scene
from cybernetic.apps.demo.screen.sentence import sentence
from cybernetic.apps.demo.screen.stage import Processes, Stage
from cybernetic.apps.demo.screen.telling import Telling, begin
from cybernetic.apps.screen import opened, shows, signs

STOPPED = 130


@dataclass(frozen=True, slots=True)
class Options:
    """How it is shown.

    Attributes:
        seed: of the hour.
        against: the company on the left.
        fast: only the end of it.
        plain: lines of text.
        speed: virtual seconds in a real one.
        step: a key brings the next tick.
        without: systems that the viable company is without from the beginning.
    """

    seed: int = 7
    against: str = "gateway"
    fast: bool = False
    plain: bool = False
    speed: float = 60.0
    step: bool = False
    without: tuple[str, ...] = ()


class Show:
    """One showing.

    Args:
        options: how it is shown.
        console: where.
        stage: what brings the companies. Default None: processes of their own.
    """

    def __init__(self, options: Options, console: Console, stage: Stage | None = None) -> None:
        self._options, self._console, self._given = options, console, stage
        self._look = signs(console)
        self._films = {arm: self._film(arm) for arm in (options.against, "viable")}
        rest = [arm for arm in ARMS if arm not in self._films]
        self._films |= {arm: self._film(arm) for arm in rest}
        self._moments = {name: found for name in MEANT if (found := moment(options.seed, name)) is not None}
        self._futures = {
            name: Film("viable", (*options.without, name), bare=True, until=until)
            for name, (_, until) in self._moments.items()
            if name not in options.without
        }

    def _film(self, arm: str) -> Film:
        viable = arm == "viable"
        return Film(arm, self._options.without if viable else (), bare=not viable)

    def _begin(self, pool: Pool, stage: Stage, live: bool) -> None:
        """Have all companies made, the viable one first, and its other futures when it has come to their forks."""
        viable = self._films["viable"]
        for film in sorted(self._films.values(), key=lambda one: one is not viable):
            pool.add(film, stage.company(film.arm, film.without, room=live and film is viable))
        for name, film in self._futures.items():
            at, _ = self._moments[name]
            pool.add(film, stage.future((name,), at), ready=lambda at=at: viable.end >= at)  # type: ignore[misc]

    def show(self) -> int:
        """Show it; the exit status."""
        if self._options.fast and not self._options.without and self._given is None:
            return self._fast()
        try:
            with tempfile.TemporaryDirectory(prefix="cy") as folder, Pool() as pool:
                stage = self._given or Processes(self._options.seed, Path(folder))
                live = self._live()
                self._begin(pool, stage, live)
                if live:
                    whole = self._play(pool, stage)
                else:
                    whole = self._tell(pool)
                if not whole:
                    return 0
                for _ in pool.finish():
                    pass
        except ReelTorn as error:
            print(f"cybernetic: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return STOPPED
        return self._end()

    def _live(self) -> bool:
        """Whether it is shown on a terminal; one that is too small is told so."""
        console, options = self._console, self._options
        if not shows(console) or options.plain or options.fast:
            return False
        width, height = console.size
        if width >= LEAST[0] and height >= LEAST[1]:
            return True
        print(
            f"cybernetic: this terminal is {width} x {height}, the picture needs at least {LEAST[0]} x {LEAST[1]}: "
            f"make it larger for that; until then it is told in lines",
            file=sys.stderr,
        )
        return False

    def _play(self, pool: Pool, stage: Stage) -> bool:
        options, films = self._options, self._films
        scene = Scene(
            films[options.against],
            films["viable"],
            options.seed,
            speed=options.speed,
            mode="intro",
            stepping=options.step,
        )
        with opened(self._console) as terminal:
            player = Player(terminal, scene, self._look, pool, stage)
            whole = player.play()
        if not whole:
            print(f"ended at {clock(player.scene.now)}: there is a scoreboard when the hour is over")
        return whole

    def _tell(self, pool: Pool) -> bool:
        """As lines, as soon as there is something to tell."""
        shown = [self._films[self._options.against], self._films["viable"]]
        telling = Telling(shown, self._look)
        if not self._options.fast:
            self._print(begin(shown, self._options.seed, self._look))
        for _ in pool.finish():
            if not self._options.fast:
                self._print(telling.more())
        return True

    def _fast(self) -> int:
        """Only the end, as quickly as the cores allow."""
        try:
            (hour,) = hours([self._options.seed])
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return STOPPED
        said = [sentence(one.system, one.until - one.at, one.without, one.kept) for one in hour.ablations]
        return self._close(hour.scores, hour.outage, said, hour.hash)

    def _end(self) -> int:
        """The end, of the films that were shown."""
        viable, said, futures = self._films["viable"], [], []
        for name, film in self._futures.items():
            at, until = self._moments[name]
            futures.append(film.at(until).score)
            said.append(sentence(name, until - at, futures[-1], viable.at(until).score))
        frames = {arm: self._films[arm].frames for arm in ARMS}
        told = digest([frame for each in frames.values() for frame in each], futures)
        scores = {arm: each[-1].score for arm, each in frames.items()}
        return self._close(scores, outage(self._options.seed, frames), said, told)

    def _close(
        self, scores: Mapping[str, Score], lost: Mapping[str, int] | None, said: list[str], told: str
    ) -> int:
        """The scoreboard, what is claimed and whether it holds, and what each system was good for."""
        found = judged(self._options.seed, scores)
        self._print([""])
        for line in (*board(scores, self._look, outage=lost), Text(), *claimed(found, self._look), Text()):
            self._write(line)
        held = sum(claim.holds for claim in found)
        seed = self._options.seed
        self._print([*said, "", f"seed {seed}: {held} of {len(found)} claims hold; hash {told}"])
        return status(found)

    def _print(self, lines: Iterator[str] | list[str]) -> None:
        for line in lines:
            self._write(Text(self._look.plain(line)))

    def _write(self, line: Text) -> None:
        line.rstrip()
        self._console.print(line, soft_wrap=True, highlight=False)
