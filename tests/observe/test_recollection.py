"""What single looks do not show: courses, capabilities, trends, and the log as a whole."""

from dataclasses import replace

from cybernetic.core import Chance
from cybernetic.observe import Figure, Flow, LevelView, Pace, Panorama, Recollection, Said


def _seen(at: float, value: float, source: str, *, cost: bool = False) -> Panorama:
    figure = Figure("shop/a", "x", value, cost=cost, source=source)
    return Panorama(at, (LevelView("shop", figures=(figure,)),))


def _figure(seen: Panorama) -> Figure:
    (figure,) = seen.top.figures
    return figure


def _course(values: list[float], *, cost: bool = False) -> Figure:
    memory = Recollection()
    for at, value in enumerate(values):
        seen = memory.after(_seen(float(at), value, f"t{at}", cost=cost))
    return _figure(seen)


def _noisy(level: float, count: int, key: str) -> list[float]:
    chance = Chance(11)
    return [level + 0.01 * (chance.uniform(key, n) - 0.5) for n in range(count)]


def test_the_first_looks_name_no_course() -> None:
    figure = _course(_noisy(0.9, 5, "few"))
    assert figure.regime == ""
    assert figure.capability is not None


def test_a_calm_index_is_steady() -> None:
    figure = _course(_noisy(0.9, 60, "calm"))
    assert figure.regime == "steady"
    assert figure.better is None


def test_a_fall_is_for_the_worse_and_of_a_cost_for_the_better() -> None:
    values = [*_noisy(0.9, 60, "before"), *_noisy(0.5, 3, "after")]
    fallen, cheaper = _course(values), _course(values, cost=True)
    assert (fallen.regime, fallen.better) == ("step", False)
    assert (cheaper.regime, cheaper.better) == ("step", True)


def test_the_capability_is_what_was_achieved_and_the_potentiality_the_best_of_it() -> None:
    figure = _course([*_noisy(0.9, 60, "before"), *_noisy(0.5, 3, "after")])
    assert figure.actuality is not None
    assert figure.capability is not None
    assert figure.potentiality is not None
    assert figure.actuality < 0.6 < 0.88 < figure.capability <= figure.potentiality


def test_the_same_measurement_is_counted_once() -> None:
    memory = Recollection()
    for at in range(60):
        seen = memory.after(_seen(float(at), 0.9, "the same"))
    assert _figure(seen).regime == ""


def test_trends_are_kept_by_what_they_are_of() -> None:
    memory = Recollection()
    for at in range(3):
        level = LevelView("shop", flows=(Flow("shop/a", 10 * at, at),), paces=(Pace("kb", 1.0, 5 - at),))
        memory.after(Panorama(float(at), (level,)))
    assert memory.trends == {
        "come shop/a": (0, 10, 20),
        "load shop/a": (0, 1, 2),
        "waiting shop kb": (5, 4, 3),
    }


def test_the_log_grows_and_repeats_nothing() -> None:
    memory = Recollection()
    said = [Said(float(n), "shop", "decision", f"line {n}", n, "shop") for n in range(1, 6)]
    first = Panorama(1.0, (LevelView("shop", log=tuple(said[:3])),))
    memory.after(first)
    assert memory.since == {"shop": 3}
    seen = memory.after(replace(first, levels=(LevelView("shop", log=tuple(said[2:])),)))
    assert seen.log == tuple(said)
    assert memory.since == {"shop": 5}
