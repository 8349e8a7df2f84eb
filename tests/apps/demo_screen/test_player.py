"""Keys while it plays: a fork may follow a fork, and a key that cannot do what it says tells why."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.player import Player
from cybernetic.apps.demo.screen.scene import Scene
from cybernetic.observe import Look
from tests.apps.demo_screen.sample import film


class Typed:
    """A terminal on which keys are pressed, one at each turn, and then q. `pictures` is what it was shown."""

    size = 80, 24

    def __init__(self, keys: str) -> None:
        self._keys = list(keys)
        self.pictures: list[str] = []

    def show(self, picture: Text) -> None:
        self.pictures.append(picture.plain)

    def wait(self, seconds: float, others: Sequence[Any] = ()) -> tuple[list[str], list[Any]]:
        return [self._keys.pop(0) if self._keys else "q"], []


class Asked:
    """Stands for the stage and for the pool: remembers which futures were asked for, and makes them at once."""

    reels = ()

    def __init__(self) -> None:
        self.futures: list[tuple[Sequence[str], float]] = []

    def future(self, without: Sequence[str], at: float) -> tuple[str, ...]:
        self.futures.append((tuple(without), at))
        return tuple(without)

    def add(self, made: Film, source: tuple[str, ...], *, at_once: bool = False) -> None:
        for frame in film("viable", without=source).frames:
            made.add(frame)

    def take(self, ready: Sequence[Any]) -> None:
        """Nothing comes later."""


def played(keys: str, now: float = 1910.0) -> tuple[Asked, list[str]]:
    terminal, asked = Typed(keys), Asked()
    scene = Scene(film("gateway"), film("viable"), 7, now=now, stepping=True)
    Player(terminal, scene, Look(), asked, asked).play()  # type: ignore[arg-type]
    return asked, terminal.pictures


def test_a_fork_may_follow_a_fork() -> None:
    asked, pictures = played("2 *")
    assert asked.futures == [(("s2",), 1910.0), (("s3star",), 1920.0)]
    assert "WITHOUT THE SCHEDULER" in pictures[1]
    assert "WITHOUT THE INSPECTOR" in pictures[3]


def test_a_key_that_can_do_nothing_says_why_until_the_next_is_pressed() -> None:
    asked, pictures = played("22 ")
    assert asked.futures == [(("s2",), 1910.0)]
    assert "this is the future without the Scheduler already; b goes back" in pictures[2]
    assert "b back  2 3 * 4 a fork here" in pictures[3]


def test_when_the_hour_is_over_nobody_is_asked_for_another_future() -> None:
    asked, pictures = played("*", now=3600.0)
    assert asked.futures == []
    assert "the hour is over: no other future is left" in pictures[1]
