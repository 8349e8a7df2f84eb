"""The same story as lines of text, without pauses: for a pipe, a file, or a terminal that is too small."""

from collections.abc import Iterator, Sequence

from cybernetic.apps.demo.frames import Frame, clock
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.story import INTRO
from cybernetic.observe import Look

EVERY = 300.0  # virtual seconds between two lines of scores


def begin(films: Sequence[Film], seed: int, look: Look) -> Iterator[str]:
    """What is said first."""
    yield from map(look.plain, INTRO)
    yield f"seed {seed}: {' against '.join(film.title for film in films)}"
    yield ""


class Telling:
    """Tells films in the order of the hour, as far as all of them have come."""

    def __init__(self, films: Sequence[Film], look: Look) -> None:
        self._films, self._look = films, look
        self._told = -1.0
        self._next = EVERY

    def more(self) -> Iterator[str]:
        """What there is to tell since it was asked last."""
        until = min(film.end for film in self._films)
        lines = [*self._banners(until), *self._scores(until)]
        self._told = max(self._told, until)
        return (text for _, _, text in sorted(lines, key=lambda one: one[:2]))

    def _banners(self, until: float) -> Iterator[tuple[float, int, str]]:
        seen = set()
        for film in self._films:
            for banner in film.banners(until):
                if banner.at <= self._told:
                    continue
                own = banner.kind == "consequence"
                key = (banner.at, banner.text, film.title if own else "")
                if key not in seen:
                    seen.add(key)
                    where = f"{film.title}: " if own else ""
                    yield banner.at, int(own), self._look.plain(f"{clock(banner.at)} {where}{banner.text}")

    def _scores(self, until: float) -> Iterator[tuple[float, int, str]]:
        while self._next <= until:
            for film in self._films:
                yield self._next, 2, f"{clock(self._next)}   {_score(film, film.at(self._next))}"
            self._next += EVERY


def _score(film: Film, frame: Frame) -> str:
    one = frame.score
    return (
        f"{film.title:<17}{one.lost:>5} lost {one.wrong:>5} wrong {f'${one.over:,.0f}':>6} over"
        f" {one.done:>6} done {one.backlog:>4} waiting"
    )
