"""What is on the screen at a moment, as a value; and what the keys do to it."""

from dataclasses import dataclass, replace
from typing import Literal

from cybernetic.apps.demo.frames import SYSTEM_NAMES
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.world.plan import HOUR

Mode = Literal["intro", "story", "room", "why"]

FORKS = {"2": "s2", "3": "s3", "*": "s3star", "4": "s4", "a": "algedonic"}
"""Which key takes which system out."""
QUIT = ("q", "Q", "\x03", "\x04", "")


@dataclass(frozen=True, slots=True)
class Fork:
    """The viable company has forked: without which system, since which virtual second, and the future without it."""

    system: str
    at: float
    film: Film


@dataclass(frozen=True, slots=True)
class Scene:
    """What is on the screen.

    Attributes:
        other: the company on the left.
        viable: the viable one.
        seed: of both.
        now: virtual seconds of the hour that have been shown.
        speed: virtual seconds in a real one.
        mode: what is looked at.
        paused: whether time stands.
        stepping: whether a key brings the next tick.
        fork: the fork that is looked at; None: none.
    """

    other: Film
    viable: Film
    seed: int
    now: float = 0.0
    speed: float = 60.0
    mode: Mode = "story"
    paused: bool = False
    stepping: bool = False
    fork: Fork | None = None

    @property
    def left(self) -> Film:
        """The company on the left."""
        return self.other if self.fork is None else self.fork.film

    @property
    def begun(self) -> bool:
        """Whether there is anything to see of both companies."""
        return bool(self.left.frames and self.viable.frames)

    @property
    def limit(self) -> float:
        """Up to which second both companies can be shown."""
        return min(self.left.end, self.viable.end)

    @property
    def over(self) -> bool:
        """Whether all has been shown."""
        return self.left.whole and self.viable.whole and self.now >= self.limit

    @property
    def waits(self) -> bool:
        """Whether there is nothing to show yet of what comes next."""
        return not self.over and self.now >= self.limit

    def later(self, seconds: float) -> "Scene":
        """After so many real seconds: time goes on, as far as there is something to see."""
        if self.paused or self.stepping or self.mode == "intro":
            return self
        return replace(self, now=max(self.now, min(self.limit, self.now + seconds * self.speed)))

    def step(self, seconds: float) -> "Scene":
        """One tick on."""
        return replace(self, now=max(self.now, min(self.limit, self.now + seconds)))

    def forked(self, fork: Fork) -> "Scene":
        """Both futures are looked at, from the fork on."""
        return replace(self, fork=fork, mode="story")

    def rejoined(self) -> "Scene":
        """The fork is left, and time goes back to it."""
        return self if self.fork is None else replace(self, fork=None, now=self.fork.at)


def unforkable(scene: Scene, system: str) -> str:
    """Why the viable company cannot go on without a system from here; empty where it can, also from within a fork."""
    name, back = SYSTEM_NAMES[system], "" if scene.fork is None else "; b goes back"
    if not scene.begun:
        return "the hour has not begun yet"
    if system in scene.viable.without:
        return f"it has been without {name} from the beginning{back}"
    if scene.fork is not None and scene.fork.system == system:
        return f"this is the future without {name} already{back}"
    if scene.now >= HOUR:
        return f"the hour is over: no other future is left{back}"
    return ""


def pressed(scene: Scene, key: str, tick: float) -> Scene:
    """What a key does to the scene; those of forks, and to quit, are for who plays it."""
    if scene.mode == "intro":
        return replace(scene, mode="story")
    match key:
        case " " if not scene.stepping:
            return replace(scene, paused=not scene.paused)
        case " " | "\n" | "\r" if scene.stepping:
            return scene.step(tick)
        case "v":
            return replace(scene, mode="story" if scene.mode == "room" else "room")
        case "w":
            return replace(scene, mode="story" if scene.mode == "why" else "why")
        case "b" | "\x1b" if scene.fork is not None:
            return scene.rejoined()
        case "+":
            return replace(scene, speed=min(3600.0, scene.speed * 2))
        case "-":
            return replace(scene, speed=max(1.0, scene.speed / 2))
    return scene


def keys(scene: Scene) -> list[tuple[str, str]]:
    """The keys that do something now, with what they do, those that matter most first."""
    found = []
    if scene.mode == "intro":
        return [("any key", "begin"), ("q", "end")]
    if scene.fork is not None:
        found += [("b", "back"), ("2 3 * 4 a", "fork here")]
    else:
        found.append(("2 3 * 4 a", "without that system"))
    found.append(("v", "story" if scene.mode == "room" else "instruments"))
    found.append(("w", "story" if scene.mode == "why" else "why"))
    found.append(("space", "next" if scene.stepping else "go on" if scene.paused else "pause"))
    found.append(("q", "end"))
    return found
