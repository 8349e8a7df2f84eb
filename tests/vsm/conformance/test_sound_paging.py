"""The suite has nothing against levels that end, or are held, where no human answers: it has one who does."""

from typing import Any

import pytest

from cybernetic.vsm import Clocks, Paging
from cybernetic.vsm.algedonic.pager import Pager
from tests.vsm.conformance.found import holds, why
from tests.vsm.living.company import Company


class Strict(Company):
    """It ends where one call is not answered."""

    clocks = Clocks(ack=1.0, recovery=40.0)
    paging = Paging(attempts=1, ack=10.0, denied="stop")


@pytest.mark.parametrize("name", ["T-ALG-bound", "T-ALG-alive"])
def test_that_others_dead_are_unanswered_ends_no_level_before_the_pain_that_is_asked_for_is_paged(
    name: str,
) -> None:
    holds(name, Strict)


@pytest.mark.parametrize("name", ["T-ALG-bound", "T-ALG-alive"])
def test_a_pain_that_is_not_paged_beside_those_that_are_is_found_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Pager.page

    async def page(self: Any, page: Any, *others: Any) -> bool:
        """All but what is asked for, and storms."""
        pain = page.pain
        return "asked" in pain.index or "storm" in pain.index or await whole(self, page, *others)

    monkeypatch.setattr(Pager, "page", page)
    assert "no page" in why(name, Strict)
