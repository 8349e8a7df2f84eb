"""Hands and agents are lent where the work is, and what is kept back is let go when something goes well."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.apps.demo.companies.running import CROWDED, FORESEEN, SOON, Viable
from cybernetic.apps.demo.companies.staff import EASY, LEAST, busy, fair, load, moves
from cybernetic.apps.demo.companies.viable import RESERVE
from cybernetic.apps.demo.play import play
from cybernetic.apps.demo.world.demand import BASE, GROWN, Job
from cybernetic.apps.demo.world.plan import AGENTS, DIVISIONS, Plan
from cybernetic.apps.demo.world.tools import HANDS, LEAD, Search
from cybernetic.apps.demo.world.world import BUDGET, World

USUAL = BASE / 60.0  # jobs a second
EVEN = dict.fromkeys(DIVISIONS, HANDS // len(DIVISIONS))
VIRAL = next(seed for seed in range(1000) if (one := Plan.draw(seed).of("viral")) and one.at < 300.0)

loads = st.fixed_dictionaries({one: st.floats(0.0, 3.0) for one in DIVISIONS})
plans = st.integers(LEAST, HANDS - 2 * LEAST).flatmap(
    lambda first: st.integers(LEAST, HANDS - LEAST - first).map(
        lambda second: dict(zip(DIVISIONS, (first, second, HANDS - first - second), strict=True))
    )
)


@given(loads, plans)
def test_moves_lead_to_the_fair_hands_or_there_are_none(
    wanted: dict[str, float], planned: dict[str, int]
) -> None:
    found = moves(wanted, planned)
    after = Counter(planned)
    for count, source, target in found:
        assert count > 0
        after[source] -= count
        after[target] += count
    assert dict(after) == (fair(wanted) if found else planned)
    assert sum(after.values()) == HANDS
    assert min(after.values()) >= LEAST


@given(loads, plans)
def test_no_other_hands_make_the_busiest_less_busy_than_the_fair_ones(
    wanted: dict[str, float], other: dict[str, int]
) -> None:
    def busiest(hands: dict[str, int]) -> float:
        return max(busy(wanted[one], one, hands[one]) for one in DIVISIONS)

    assert busiest(fair(wanted)) <= busiest(other) + 1e-9


def test_nobody_moves_while_all_have_time_and_many_do_when_one_is_asked_for_twice_as_much() -> None:
    usual = dict.fromkeys(DIVISIONS, USUAL)
    assert max(busy(USUAL, one, EVEN[one]) for one in DIVISIONS) < EASY
    assert moves(usual, EVEN) == []
    easy = usual | {"support": 1.1 * USUAL, "orders": 0.3 * USUAL}
    assert fair(easy) != EVEN
    assert moves(easy, EVEN) == []
    grown = moves(usual | {"orders": GROWN * USUAL}, EVEN)
    assert {target for _, _, target in grown} == {"orders"}
    assert sum(count for count, _, _ in grown) >= 4


def test_what_waits_is_work_for_those_who_come() -> None:
    assert load(0.1, 24.0) == pytest.approx(0.1 + 24.0 / LEAD)
    assert load(0.1, -3.0) == 0.1


def _job(division: str, *, by_hand: bool = True) -> Job:
    return Job("one", division, 0.0, 100.0, by_hand=by_hand)


def test_a_crowded_division_is_lent_the_agents_of_the_others_and_letters_are_for_anybody() -> None:
    company = Viable(World(Plan(1), 3600.0))
    assert company._to(_job("orders")) == "acme/orders"
    assert company._to(_job("orders", by_hand=False)) == "acme"
    company.waiting["orders"] = round(CROWDED * len(AGENTS["orders"])) + 1
    assert company._to(_job("orders")) == "acme"
    assert company._to(_job("support")) == "acme/support"
    company.waiting["support"] = round(FORESEEN * len(AGENTS["support"])) + 1
    assert company._to(_job("support")) == "acme/support"
    company.foreseen = {"support"}
    assert company._to(_job("support")) == "acme"


def test_good_news_lets_go_what_is_kept_back() -> None:
    viral = Plan.draw(VIRAL).of("viral")
    assert viral is not None
    frames = list(play(VIRAL, "viable", hours=(viral.at + 40.0) / 3600.0, warm=30.0))
    released = {frame.at >= viral.at + SOON: frame.score.released for frame in frames}
    assert released == {False: 0.0, True: RESERVE * BUDGET}
    told = [banner.text for frame in frames for banner in frame.banners if "kept back" in banner.text]
    assert told == [f"the Charter lets go what was kept back: $ {RESERVE * BUDGET:.2f} for {viral.target}"]
    assert any(line.who == "the Charter" for frame in frames for line in frame.log)


@pytest.mark.parametrize("arm", ["plain", "viable"])
def test_the_first_search_for_a_job_has_the_same_luck_in_every_company(
    arm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    find = Search.find

    async def noted(self: Search, job: str, attempt: int, at: float) -> Any:
        asked.append(attempt)
        return await find(self, job, attempt, at)

    monkeypatch.setattr(Search, "find", noted)
    list(play(7, arm, hours=0.02, warm=30.0))
    assert asked
    assert set(asked) == {1}
