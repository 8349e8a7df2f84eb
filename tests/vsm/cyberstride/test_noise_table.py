"""The benchmark judges what it says of noise that is not as assumed."""

import pytest

from benchmarks.vsm.cyberstride import expected, tables
from cybernetic.core import Chance

HALF, LEVEL = "V taken for half of what it is", "level z ≥ 2.44"


def test_every_figure_that_the_design_tells_is_measured_and_near_it() -> None:
    found = tables.beside_noise(Chance(7), 4000)
    assert expected.NOISE.keys() <= {(words, name) for words, name, _ in found}
    assert all(abs(it.away) <= tables.FAR for it in found.values())
    assert f"| {HALF} | – | – |" in tables.noise_table(found)


def test_one_that_is_another_is_far_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.NOISES, HALF, (tables.white, 0.2))
    monkeypatch.setattr(tables, "NOISES", {HALF: tables.NOISES[HALF]})
    assert tables.beside_noise(Chance(7), 4000)[HALF, LEVEL, "apart"].away < -tables.FAR
