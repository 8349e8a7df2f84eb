"""Plays two companies on a terminal: time goes on, keys are obeyed, and the viable company forks."""

from dataclasses import replace

from rich.text import Text

from cybernetic.apps.demo.frames import SYSTEM_NAMES, TICK, clock
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.pool import Pool
from cybernetic.apps.demo.screen.scene import FORKS, QUIT, Fork, Scene, pressed, unforkable
from cybernetic.apps.demo.screen.stage import Stage
from cybernetic.apps.demo.screen.story import Page, screen
from cybernetic.apps.screen import Terminal
from cybernetic.core import real
from cybernetic.observe import Block, Look, Panorama, Recollection, drawn

LEAST = (80, 24)
PREPARING = "The hour is being prepared: both companies live through twenty minutes that nobody sees. A few seconds ..."
BEAT = 0.1  # real seconds between two pictures
WORD = 4.0  # real seconds for which a word to the person stands
MOST = 0.3  # real seconds that count in one beat: when the machine is held up the story waits


class Player:
    """Plays a scene to its end, or until somebody ends it.

    Args:
        terminal: where it is shown.
        scene: how it begins.
        look: the signs there are.
        pool: what makes its films.
        stage: what brings the other future of the viable company.
    """

    def __init__(self, terminal: Terminal, scene: Scene, look: Look, pool: Pool, stage: Stage) -> None:
        self._terminal, self.scene, self._look = terminal, scene, look
        self._pool, self._stage = pool, stage
        self._forks: dict[tuple[str, float], Fork] = {}
        self._seen = Instruments()
        self._word, self._until = "", 0.0

    def play(self) -> bool:
        """Show it; whether it came to its end. Raises `ReelTorn` when a process dies."""
        before = real()
        while True:
            self._terminal.show(self._picture())
            keys, ready = self._terminal.wait(BEAT, self._pool.reels)
            self._pool.take(ready)
            now = real()
            self.scene = self.scene.later(min(MOST, now - before))
            before = now
            for key in keys:
                if key in QUIT:
                    return False
                self._press(key)
            if self.scene.over and self.scene.fork is None and not self.scene.stepping:
                return True

    def _press(self, key: str) -> None:
        self._word = ""
        if key not in FORKS or self.scene.mode == "intro":
            self.scene = pressed(self.scene, key, TICK)
            return
        self._word, self._until = unforkable(self.scene, FORKS[key]), real() + WORD
        if not self._word:
            self._fork(FORKS[key])

    def _fork(self, system: str) -> None:
        """The viable company without a system from this second on: replayed by a second process."""
        at = self.scene.now
        if (system, at) not in self._forks:
            film = self.scene.viable.before(at)
            film = Film(film.arm, (system,), film.frames)
            without = (*self.scene.viable.without, system)
            self._pool.add(film, self._stage.future(without, at), at_once=True)
            self._forks[system, at] = Fork(system, at, film)
        self.scene = replace(self.scene.forked(self._forks[system, at]), paused=False)

    def _picture(self) -> Text:
        width, height = self._terminal.size
        if width < LEAST[0] or height < LEAST[1]:
            return Text(
                f"at least {LEAST[0]} x {LEAST[1]} is needed, this is {width} x {height}: make it larger, or press q"
            )
        page = Page(width, height, self._look)
        if self.scene.mode != "intro" and not self.scene.begun:
            return Text(f"\n  {PREPARING}\n\n  q ends it")
        inside = self._seen.draw(self.scene, page) if self.scene.mode == "room" else None
        return screen(self.scene, page, inside, self._note())

    def _note(self) -> str:
        fork = self.scene.fork
        if fork is not None and self.scene.waits:
            return f"at {clock(fork.at)} the viable company goes on without {SYSTEM_NAMES[fork.system]} ..."
        return self._word if real() < self._until else ""


class Instruments:
    """The operations room of the viable company, with what is remembered of it."""

    def __init__(self) -> None:
        self._memory, self._at, self._seen = Recollection(), 0.0, Panorama(0.0)

    def draw(self, scene: Scene, page: Page) -> Block:
        """As of now: all frames up to it are looked at, in order."""
        if scene.now < self._at:
            self._memory, self._at = Recollection(), 0.0
        for frame in scene.viable.frames:
            if self._at < frame.at <= scene.now and frame.room is not None:
                self._seen, self._at = self._memory.after(Panorama.of(frame.room)), frame.at
        seen, at = self._seen, self._at
        return drawn(
            seen,
            page.width,
            page.height - 3,
            page.look,
            self._memory.trends,
            lambda moment: clock(at + moment - seen.at),
        )
