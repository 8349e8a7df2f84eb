"""Loops that may be paused without anybody feeling it are found out."""

from typing import Any

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.testing.vsm.bench import Subject
from cybernetic.testing.vsm.conformance import _asked
from cybernetic.testing.vsm.invariants import INVARIANTS
from cybernetic.vsm import Audit, ViableSystem, World
from cybernetic.vsm.algedonic.deadmen import Deadmen
from cybernetic.vsm.algedonic.vigil import Vigil
from cybernetic.vsm.layout import Layout
from tests.vsm.conformance.found import task, why
from tests.vsm.living.company import Company


class Watched(Company):
    """With all that there may be to miss."""

    world = World()
    audit = Audit(verify=lambda evidence: True)


OWN = ("environment", "coordination", "control", "audit", "intelligence", "policy", "world", "vigil")
LINES = ("channel.bargain", "channel.algedonic")


@pytest.mark.parametrize("loop", [*OWN, *LINES, "management", "porter", "books"])
def test_a_loop_whose_pause_nobody_feels_is_found_out(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    _nobody_feels(monkeypatch, loop)
    unit = "" if loop in (*OWN, *LINES) else "/division"
    assert f"{loop} of watched{unit} was paused, and nobody felt it" in _at_the_top(Watched)


def test_all_that_there_may_be_to_miss_is_missed_where_the_suite_has_nothing_against_it() -> None:
    conformance(Watched, only=["T-P4"]).check()


def test_the_books_of_the_top_whose_pause_no_human_hears_of_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _nobody_is_called(monkeypatch, "books")
    assert "books of company was paused, and no human heard of it" in _at_the_top(Company)


@pytest.mark.parametrize("loop", ["books", "channel.bargain"])
def test_a_loop_that_a_level_is_not_laid_out_to_miss_is_found_out(
    monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    _nobody_feels(monkeypatch, loop)
    laid_out = Layout.loops.fget  # type: ignore[attr-defined]
    fewer = property(lambda self: [one for one in laid_out(self) if one[0] != loop])
    monkeypatch.setattr(Layout, "loops", fewer)
    assert f"{loop} of company" in _at_the_top(Company)


def test_a_loop_that_a_level_is_laid_out_to_miss_is_paused_though_no_other_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _nobody_feels(monkeypatch, "operations")
    laid_out = Layout.loops.fget  # type: ignore[attr-defined]
    more = property(lambda self: [*laid_out(self), ("operations", self.charter.path, 1.0)])
    monkeypatch.setattr(Layout, "loops", more)
    assert "operations of company was paused, and nobody felt it" in _at_the_top(Company)


def _nobody_feels(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    whole = Deadmen.missed
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(
        Deadmen, "missed", lambda self, now: [one for one in whole(self, now) if one[0] != loop]
    )


def _nobody_is_called(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    whole = Vigil._call_again
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(
        Vigil, "_call_again", lambda self, key, at: whole(self, key, at) if key[0] != loop else None
    )


def _at_the_top(cls: type[ViableSystem]) -> str:
    """What T-P4 finds there: that costs the half of what it costs at both levels."""
    by_name = {one.name: one for one in INVARIANTS}
    return _asked(Subject(cls, (), task), by_name["T-P4"], cls.__name__.lower()).why


def test_a_ladder_whose_pause_no_human_hears_of_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Deadmen.missed

    def missed(self: Any, at: float) -> list[Any]:
        """All but ladders."""
        return [one for one in whole(self, at) if one[0] != "algedonode"]

    monkeypatch.setattr(Deadmen, "missed", missed)
    _nobody_is_called(monkeypatch, "algedonode")
    found = why("T-P4")
    assert "algedonode of company was paused, and no human heard of it" in found
    assert "algedonode of company/division was paused, and nobody felt it" in found
