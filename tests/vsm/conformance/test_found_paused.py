"""Loops that may be paused without anybody feeling it are found out."""

from typing import Any

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.vsm.algedonic.deadmen import Deadmen
from cybernetic.vsm.algedonic.vigil import Vigil
from tests.vsm.conformance.found import why
from tests.vsm.living.company import Company


@pytest.mark.parametrize("loop", ["environment", "vigil", "channel.bargain", "channel.algedonic"])
def test_a_loop_whose_pause_nobody_feels_is_found_out(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    whole = Deadmen.missed
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(
        Deadmen, "missed", lambda self, now: [one for one in whole(self, now) if one[0] != loop]
    )
    found = conformance(Company, only=["T-P4"])
    assert f"{loop} of company was paused, and nobody felt it" in found.failures[0].why


def test_a_ladder_whose_pause_no_human_hears_of_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Deadmen.missed

    def missed(self: Any, at: float) -> list[Any]:
        """All but ladders."""
        return [one for one in whole(self, at) if one[0] != "algedonode"]

    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(Deadmen, "missed", missed)
    monkeypatch.setattr(Vigil, "_call_again", lambda self, at: None)
    found = why("T-P4")
    assert "algedonode of company was paused, and no human heard of it" in found
    assert "algedonode of company/division was paused, and nobody felt it" in found
