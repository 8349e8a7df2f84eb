"""Which losses of nodes are one failure (decision 17)."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.losses import REMEMBERED, TOGETHER, Losses, together

MOST = st.integers(0, 6)
SECONDS = st.floats(0.1, 60)


@given(st.lists(st.floats(0, TOGETHER), min_size=1, max_size=REMEMBERED))
def test_nodes_lost_within_a_second_are_one_loss_which_counts_once(times: list[float]) -> None:
    losses, start = Losses(TOGETHER), 100.0
    found = [losses.of(f"worker-{n}#1", start + time - min(times)) for n, time in enumerate(sorted(times))]
    assert [loss.count() for loss in found] == [True] + [False] * (len(times) - 1)


def test_a_node_lost_later_is_a_loss_of_its_own() -> None:
    losses = Losses(1.0)
    first = losses.of("a#1", 10.0)
    assert losses.of("b#1", 11.1) is not first


def test_what_was_lost_with_a_node_is_part_of_its_loss_however_late_that_is_seen() -> None:
    losses = Losses(1.0)
    first = losses.of("a#1", 10.0)
    assert losses.of("b#1", 50.0) is not first
    assert losses.of("a#1", 99.0) is first
    assert losses.known("a#1")
    assert not losses.known("a#2")


def test_a_node_of_a_name_that_was_just_lost_is_another_failure() -> None:
    losses = Losses(1.0)
    found = [losses.of(f"a#{number}", 10.0 + number / 10) for number in range(4)]
    assert [loss.count() for loss in found] == [True] * 4


def test_so_is_a_node_that_was_made_since() -> None:
    losses = Losses(1.0)
    first = losses.of("cell.1#1", 10.0, since=9.0)
    assert losses.of("cell.2#1", 10.1, since=9.5) is first
    assert losses.of("cell.3#1", 10.2, since=10.05) is not first


@given(MOST, SECONDS, st.floats(0.01, 0.2))
def test_losing_node_after_node_exhausts_any_budget(most: int, seconds: float, gap: float) -> None:
    losses, intensity = Losses(together(most, seconds)), Intensity(most, seconds)
    now, step = 0.0, gap * seconds / (most + 1)
    for number in range(100 * (most + 2)):
        now += step
        if losses.of(f"cell.{number}#1", now).count() and not intensity.add(now):
            return
    raise AssertionError("expected it to give up")


def test_no_more_nodes_are_remembered_than_is_said() -> None:
    losses = Losses(1.0)
    for number in range(REMEMBERED + 1):
        losses.of(f"n{number}#1", 2.0 * number)
    assert not losses.known("n0#1")
    assert losses.known("n1#1")
