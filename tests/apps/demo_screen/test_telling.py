"""The story as lines: in the order of the hour, nothing twice, nothing before both companies have come to it."""

from pathlib import Path

from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.telling import Telling, begin
from cybernetic.observe import Look
from tests.apps.demo_screen.sample import film
from tests.observe.golden import same

HERE = Path(__file__).parent


def test_it_reads_as_it_should() -> None:
    films = [film("gateway"), film("viable")]
    told = [*begin(films, 7, Look()), *Telling(films, Look()).more()]
    same(HERE, "lines", "\n".join(told))


def test_frame_by_frame_it_tells_the_same() -> None:
    whole = [film("gateway"), film("viable")]
    growing = [Film("gateway"), Film("viable")]
    telling, told = Telling(growing, Look()), []
    for one, two in zip(whole[0].frames, whole[1].frames, strict=True):
        growing[1].add(two)
        told += telling.more()
        growing[0].add(one)
        told += telling.more()
    assert told == list(Telling(whole, Look()).more())


def test_it_waits_for_the_slower_company() -> None:
    told = list(Telling([film("gateway", 250.0), film("viable")], Look()).more())
    assert told == []


def test_in_ascii_it_is_ascii() -> None:
    films = [film("gateway"), film("viable")]
    assert "\n".join(Telling(films, Look(unicode=False)).more()).isascii()
