"""When an index that came with tasks is lost, and when it only belongs to some of them."""

from collections.abc import Callable

import pytest

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.ladder.arrivals import Arrivals
from tests.support import soak


def fed(*came: bool) -> Arrivals:
    """After so many tasks."""
    arrivals = Arrivals()
    for one in came:
        arrivals = arrivals.after(one)
    return arrivals


@pytest.mark.parametrize(("before", "misses"), [(1, 9), (5, 5), (60, 3), (1000, 2)])
def test_what_came_with_every_task_is_lost_after_a_few_the_sooner_the_longer_it_came(
    before: int, misses: int
) -> None:
    arrivals = fed(*[True] * before)
    for _ in range(misses - 1):
        arrivals = arrivals.after(False)
        assert not arrivals.lost
    assert arrivals.after(False).lost
    assert not arrivals.after(False).after(True).lost


@pytest.mark.parametrize("tasks", [10**15, 10**17, 2**63 - 1])
def test_what_came_more_often_than_a_float_can_tell_from_always_is_lost_when_it_is_missed_once(
    tasks: int,
) -> None:
    assert not Arrivals(tasks, tasks).lost
    assert Arrivals(tasks, tasks, 1).lost
    assert not Arrivals(1, tasks, 1000).lost


def test_what_never_came_is_not_missed() -> None:
    assert not fed(*[False] * 1000).lost


def test_what_belongs_to_one_task_in_ten_is_not_lost_by_chance() -> None:
    lots, lost, runs = Chance(3).stream("tasks"), 0, soak(40, 400)
    for _ in range(runs):
        arrivals = Arrivals()
        for _ in range(500):
            arrivals = arrivals.after(lots.random() < 0.1)
            lost += arrivals.lost
    assert lost <= 0.02 * runs * 500
    assert fed(*[True, *[False] * 9] * 20, *[False] * 90).lost


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Arrivals(5, 3), "came"),
        (lambda: Arrivals(-1), "came"),
        (lambda: Arrivals(1, -1), "tasks"),
        (lambda: Arrivals(1, 1.5), "tasks"),  # type: ignore[arg-type]
        (lambda: Arrivals(1, 1, -1), "missed"),
        (lambda: Arrivals(1, 1, 10**400), "missed"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(make: Callable[[], object], name: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}: expected"):
        make()
