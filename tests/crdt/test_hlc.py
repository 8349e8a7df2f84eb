"""The hybrid logical clock: greater at every step, near the wall clock, and pulled by nobody beyond the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError, wall
from cybernetic.crdt import FutureStamp, Hlc, Stamp
from cybernetic.crdt.hlc import MOST_MILLIS, MOST_TICKS
from cybernetic.wire import Codec, DamagedMessage
from tests.support import soak

HOUR = 3600.0
NOON = 1_700_000_000.0
CODEC = Codec()


class Wall:
    """A wall clock that a test sets."""

    def __init__(self, time: float = NOON) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time


steps = st.floats(-2 * HOUR, 2 * HOUR)
stamps = st.builds(
    Stamp, st.integers(0, MOST_MILLIS), st.integers(0, MOST_TICKS), st.sampled_from(["a", "b", "c"])
)
near = st.builds(
    Stamp,
    st.integers(int((NOON - 3 * HOUR) * 1000), int((NOON + 3 * HOUR) * 1000)),
    st.sampled_from([0, 1, MOST_TICKS - 1, MOST_TICKS]),
    st.sampled_from(["a", "b", "c"]),
)


def test_a_stamp_tells_the_wall_clock() -> None:
    assert Hlc("a", lambda: 1.2345).tick() == Stamp(1234, 0, "a")
    assert abs(Hlc("a", wall).tick().millis / 1000 - wall()) < 10


def test_stamps_of_one_millisecond_count() -> None:
    clock = Hlc("a", Wall())
    assert [clock.tick().counter for _ in range(3)] == [0, 1, 2]


def test_stamps_grow_when_the_wall_clock_steps_back_an_hour() -> None:
    now = Wall()
    clock = Hlc("a", now)
    before = clock.tick()
    now.time -= HOUR
    after = [clock.tick() for _ in range(1000)]
    assert sorted({before, *after}) == [before, *after]
    assert clock.lead() == pytest.approx(HOUR)
    now.time += HOUR + 1
    assert clock.tick() == Stamp(before.millis + 1000, 0, "a")
    assert clock.lead() == 0.0


@given(st.lists(st.tuples(steps, st.none() | stamps | near), max_size=soak(30, 100)))
def test_every_stamp_is_greater_than_all_given_and_all_merged(did: list[tuple[float, Stamp | None]]) -> None:
    now = Wall()
    clock = Hlc("a", now)
    highest, furthest, refused = clock.tick(), now.time, 0
    for step, other in did:
        now.time = max(0.0, now.time + step)
        furthest = max(furthest, now.time)
        if other is None:
            given = clock.tick()
        elif other.millis / 1000 - now.time > 60.0:
            refused += 1
            with pytest.raises(FutureStamp):
                clock.merge(other)
            given = clock.tick()
        else:
            given = clock.merge(other)
            assert given > other
        assert given > highest
        highest = given
        assert given.millis >= int(now.time * 1000)
        assert given.millis <= (furthest + 60.0) * 1000 + len(did) + 1  # a full counter borrows a millisecond
    assert clock.refused == refused


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.floats(-20, 20)), max_size=40))
def test_what_was_caused_is_stamped_later_than_its_cause(sent: list[tuple[int, int, float]]) -> None:
    """Three nodes, their walls up to a minute apart, send to each other: no effect comes before its cause."""
    walls = [Wall(), Wall(NOON - 29), Wall(NOON + 29)]
    clocks = [Hlc(name, now) for name, now in zip("abc", walls, strict=True)]
    given = set()
    for source, target, step in sent:
        stamp = clocks[source].tick()
        try:
            arrived = clocks[target].merge(stamp)
        except FutureStamp:
            continue
        assert arrived > stamp
        given |= {stamp, arrived}
        walls[source].time += step
    assert len({(stamp.millis, stamp.counter, stamp.node) for stamp in given}) == len(given)


def test_a_stamp_from_the_future_is_refused_and_counted_and_changes_nothing() -> None:
    clock = Hlc("a", Wall(), ahead=10.0)
    first = clock.tick()
    edge = Stamp(first.millis + 10_000, 0, "b")
    with pytest.raises(FutureStamp, match=r"expected at most 10 s in the future, got: 10\.001 s"):
        clock.merge(edge._replace(millis=edge.millis + 1))
    assert clock.refused == 1
    assert clock.tick() == first._replace(counter=1)
    assert clock.merge(edge) == Stamp(edge.millis, 1, "a")


def test_those_who_push_each_other_forward_do_not_run_away() -> None:
    now = Wall()
    ours, theirs = Hlc("a", now), Hlc("b", Wall(NOON + 60))
    for _ in range(soak(1000, 100_000)):
        theirs.merge(ours.merge(theirs.tick()))
    assert ours.lead() <= 60.0


def test_a_full_counter_borrows_the_next_millisecond() -> None:
    clock = Hlc("a", Wall())
    full = Stamp(int(NOON * 1000), MOST_TICKS, "b")
    assert clock.merge(full) == Stamp(full.millis + 1, 0, "a")


def test_a_clock_goes_on_after_the_last_stamp_before_a_restart() -> None:
    last = Stamp(int((NOON + HOUR) * 1000), 7, "a.1")
    assert Hlc("a.2", Wall(), after=last).tick() == Stamp(last.millis, 8, "a.2")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"node": ""}, "node: expected text of 1 to 200 characters, got: ''"),
        ({"node": "x" * 201}, "node: expected text"),
        ({"node": 7}, "node: expected text"),
        ({"ahead": -1}, "ahead: expected a finite number >= 0, got: -1"),
        ({"ahead": float("inf")}, "ahead: expected a finite number >= 0"),
        ({"after": (-1, 0, "a")}, "millis: expected an integer >= 0, got: -1"),
    ],
)
def test_an_impossible_option_is_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(OptionError, match=f"^{problem}"):
        Hlc(**({"node": "a", "now": Wall()} | options))  # type: ignore[arg-type]


BAD = [
    (1.5, 0, "b"),
    (True, 0, "b"),
    (2**48, 0, "b"),
    (0, 2**32, "b"),
    (0, -1, "b"),
    (0, 0, ""),
    (0, 0, None),
    (float("nan"), 0, "b"),
]


@pytest.mark.parametrize("parts", BAD, ids=repr)
def test_what_is_no_stamp_is_refused_here_and_from_the_wire(parts: tuple[object, ...]) -> None:
    stamp = tuple.__new__(Stamp, parts)
    clock = Hlc("a", Wall())
    with pytest.raises(OptionError):
        clock.merge(stamp)
    with pytest.raises(OptionError, match="stamp: expected a Stamp"):
        clock.merge(parts)  # type: ignore[arg-type]
    with pytest.raises(DamagedMessage, match=r"expected parts that build a state\.Stamp, got: OptionError"):
        CODEC.decode(CODEC.encode(stamp))
    assert (clock.refused, clock.tick().counter) == (0, 0)


@given(stamps)
def test_a_stamp_arrives_as_it_was_sent(stamp: Stamp) -> None:
    arrived = CODEC.copy({"when": stamp})["when"]
    assert (type(arrived), arrived) == (Stamp, stamp)
