"""Attenuators that hide faults are refused, amplifiers and transducers measured, channels watched for load."""

from collections.abc import Sequence
from math import inf, nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.variety import Amplifier, Attenuator, Carried, ChannelLoad, Transducer
from cybernetic.vsm.variety.backlog import Backlog

WINDOWS = [[float(Chance(7).stream("noise", w, n).gauss(0, 1)) for n in range(60)] for w in range(40)]


def average(window: Sequence[float]) -> list[float]:
    return [sum(window) / len(window)]


def extremes(window: Sequence[float]) -> list[float]:
    return [min(window), max(window)]


def spike(window: Sequence[float]) -> list[float]:
    return [*window[:-1], 8.0]


def alarming(value: float) -> bool:
    return abs(value) >= 4.0


def test_averaging_that_hides_a_fault_is_not_acceptable() -> None:
    measured = Attenuator("average", average).measure(WINDOWS, spike, alarming)
    assert measured.missed == 1.0
    assert not measured.acceptable(0.05)


def test_an_attenuator_that_shows_the_fault_is() -> None:
    measured = Attenuator("extremes", extremes).measure(WINDOWS, spike, alarming)
    assert measured.missed == 0.0
    assert measured.acceptable(0.05)
    assert (measured.items_in, measured.items_out) == (2400, 80)
    assert measured.h_out < measured.h_in


def test_what_was_not_measured_is_not_acceptable() -> None:
    unmeasured = Attenuator("average", average).measure(WINDOWS)
    assert unmeasured.missed is None
    assert not unmeasured.acceptable(1.0)
    few = Attenuator("extremes", extremes).measure(WINDOWS[:5], spike, alarming)
    assert not few.acceptable(1.0)
    assert few.acceptable(1.0, faults=5)


def test_an_amplifier_makes_many_acts_of_one_decision() -> None:
    measured = Amplifier("broadcast", lambda plan: [(plan, unit) for unit in range(8)]).measure("ab" * 20)
    assert measured.items_out == 8 * measured.items_in
    assert measured.h_out == pytest.approx(measured.h_in + 3, abs=0.1)


def test_a_transducer_counts_what_it_loses() -> None:
    codes = {"ok": 1, "slow": 2, "late": 2}
    whole = Transducer("codes", codes.__getitem__, {1: "ok", 2: "slow"}.get)
    carried = whole.measure(["ok", "slow", "late", "new"] * 10)
    assert carried.unknown == 10
    assert carried.truncated == 0
    assert carried.fidelity == pytest.approx(0.75)
    assert not carried.enough(0.1)
    assert Transducer("cut", str, lambda text: None).measure(["a", "b"]).truncated == 2


@given(st.lists(st.text(), min_size=1))
def test_a_transducer_that_loses_nothing_is_faithful(corpus: list[str]) -> None:
    carried = Transducer("utf-8", str.encode, bytes.decode).measure(corpus)
    assert carried.fidelity == pytest.approx(1.0)
    assert carried.enough(1e-9)


def test_a_steady_load_is_measured_and_a_burst_alarms() -> None:
    load = ChannelLoad(capacity=10.0, period=60.0)
    for n in range(3000):
        load = load.sent(n / 5).served()
    assert load.utilisation(600.0) == pytest.approx(0.5, rel=0.02)
    assert not load.overloaded(600.0)
    for n in range(1000):
        load = load.sent(600.0 + n / 50).served()
    assert load.overloaded(620.0)
    assert not load.overloaded(1200.0)


def test_a_message_that_waits_longer_than_a_period_alarms_at_any_load() -> None:
    load = ChannelLoad(capacity=1000.0, period=60.0).sent(0.0).sent(50.0)
    assert not load.overloaded(60.0)
    assert load.overloaded(60.1)
    assert load.age(60.1) == pytest.approx(60.1)
    assert not load.served().overloaded(60.1)


@given(st.lists(st.one_of(st.integers(0, 90), st.sampled_from(["sent", "sent", "sent"])), max_size=300))
def test_what_waits_is_what_was_sent_and_not_yet_served_in_every_load_there_ever_was(
    steps: list[int | str],
) -> None:
    now, loads = 0.0, [(ChannelLoad(1.0, 10.0), list[float]())]
    for step in steps:
        load, waiting = loads[-1]
        now += 1.0
        many = [now + part / 64 for part in range(40)] if step == "sent" else []
        for at in many:
            load = load.sent(at)
        count = step if isinstance(step, int) else 0
        loads.append((load.served(count), [*waiting, *many][count:]))
    for load, waiting in loads:
        assert load.waiting == tuple(waiting)
        assert len(load.waiting) == len(waiting)
        assert list(load.waiting[1:]) == waiting[1:]
        assert load.age(now + 1.0) == (now + 1.0 - waiting[0] if waiting else 0.0)


def test_two_loads_that_come_of_one_do_not_see_what_the_other_was_sent() -> None:
    load = ChannelLoad(1.0, 10.0).sent(1.0).sent(2.0)
    left, right = load.sent(3.0), load.sent(4.0)
    assert (load.waiting, left.waiting, right.waiting) == ((1.0, 2.0), (1.0, 2.0, 3.0), (1.0, 2.0, 4.0))
    assert left.served(2).sent(5.0).waiting == (3.0, 5.0)


def test_a_boundary_that_carries_exactly_what_is_asked_is_enough() -> None:
    assert Carried(0.75, 4, 0, 0).enough(0.25)
    assert not Carried(0.75, 4, 0, 0).enough(0.125)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Attenuator("", average), "name"),
        (lambda: Attenuator("a", None), "apply"),  # type: ignore[arg-type]
        (lambda: Attenuator("a", average).measure([]), "windows"),
        (lambda: Attenuator("a", average).measure([[]]), "windows"),
        (lambda: Attenuator("a", average).measure(WINDOWS).acceptable(nan), "most"),
        (lambda: Amplifier("a", 1), "apply"),  # type: ignore[arg-type]
        (lambda: Amplifier("a", str).measure([]), "items"),
        (lambda: Transducer("t", None, str), "encode"),  # type: ignore[arg-type]
        (lambda: Transducer("t", str, None), "decode"),  # type: ignore[arg-type]
        (lambda: Transducer("t", str, str).measure([]), "corpus"),
        (lambda: ChannelLoad(capacity=0.0, period=1.0), "capacity"),
        (lambda: ChannelLoad(capacity=1.0, period=nan), "period"),
        (lambda: ChannelLoad(1.0, 1.0).sent(5.0).sent(4.0), "now"),
        (lambda: ChannelLoad(1.0, 1.0).utilisation(nan), "now"),
        (lambda: ChannelLoad(1.0, 1.0).served(-1), "count"),
        (lambda: ChannelLoad(1.0, 5e-324), "period"),
        (lambda: ChannelLoad(1.0, 1.0, at=2.0, waiting=[1.0, nan]), "waiting[1]"),
        (lambda: ChannelLoad(1.0, 1.0, waiting=[-inf]), "waiting[0]"),
        (lambda: ChannelLoad(1.0, 1.0, waiting="ab"), "waiting[0]"),  # type: ignore[arg-type]
        (lambda: ChannelLoad(1.0, 1.0, at=2.0, waiting=[1.5, 1.0]), "waiting[1]"),
        (lambda: ChannelLoad(1.0, 1.0, at=2.0, waiting=[1.0, 2.5]), "waiting[1]"),
        (lambda: ChannelLoad(1.0, 1.0, at=2.0, waiting=Backlog([2.5])), "waiting[0]"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
