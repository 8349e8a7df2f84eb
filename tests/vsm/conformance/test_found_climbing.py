"""Systems in which pain climbs too far, or not far enough, are found out."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.vsm import Clocks
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.ladder import climb as climbing
from tests.vsm.conformance.found import holds, why
from tests.vsm.living.company import Company


class Quick(Company):
    """Whose levels have little time."""

    clocks = Clocks(ack=1.0, recovery=5.0)


def test_a_pain_whose_owner_dies_and_that_climbs_no_further_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holds("T-ALG-bound", Quick)
    whole = climbing.acknowledge

    def acknowledge(*args: Any) -> Any:
        """Who has taken it over has it for ever."""
        climb, effects = whole(*args)
        return (replace(climb, due=inf) if climb.owner else climb), effects

    monkeypatch.setattr(climbing, "acknowledge", acknowledge)
    assert "no page within" in why("T-ALG-bound", Quick)


def test_a_pain_that_is_told_one_rung_too_high_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds("T-ALG-local", Quick)
    holds("T-S1-local-first", Quick)
    whole = Algedonode._raise

    def both(self: Any, key: Any, level: int, severity: Any) -> None:
        """At once."""
        whole(self, key, level, severity)
        if level + 1 < self._ladder.rungs.top:
            whole(self, key, level + 1, severity)

    monkeypatch.setattr(Algedonode, "_raise", both)
    found = conformance(Quick, only=["T-ALG-local", "T-S1-local-first"])
    assert [one.invariant.name for one in found.failures] == ["T-ALG-local", *["T-S1-local-first"] * 2]
    assert all("what was mended in time was told higher up" in one.why for one in found.failures)


def test_a_pain_that_is_not_over_when_it_is_mended_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(climbing, "clear", lambda climb, now: (climb, ()))
    for name in ("T-ALG-local", "T-S1-local-first"):
        assert "is mended, and is still open" in why(name, Quick)
