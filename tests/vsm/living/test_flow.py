"""The queue of one paced port, as a value: a limit that is sought, calls in work, and who waits no more."""

import pytest

from cybernetic.vsm.bargain import Rate
from cybernetic.vsm.coordination.flow import LEAST, WANTED, Flow, Turn

UNITS = frozenset(("a", "b"))


def seeking(rate: float = 1.0) -> Flow:
    """A flow that seeks, with leases held, and somebody who waits."""
    flow = Flow.seeking(rate, UNITS, 5.0, -5.0)
    for unit in UNITS:
        flow = flow.heard(unit, 1e6, 0.0)
    return flow


def test_a_rate_that_is_sought_begins_with_what_was_used_and_grows_boldly_until_it_is_refused() -> None:
    flow = seeking(0.0)
    assert flow.pacer.rate == LEAST
    flow = flow.used(1.5, 0.0).used(0.5, 0.0)
    assert flow.pacer.rate == pytest.approx(1.4)
    flow = flow.asked("a", Turn(None), 1.0, 1.0).turn(0.0)[0]
    grown = flow.succeeded(1.0)
    assert grown.pacer.rate == pytest.approx(1.4 * 1.1)
    cut = grown.refused(2.0, 3.0)
    assert cut.pacer.rate == pytest.approx(0.7 * 1.4 * 1.1)
    assert cut.barrier == 5.0
    careful = cut.succeeded(6.0)
    assert careful.pacer.rate == pytest.approx(cut.pacer.rate * 1.02)


def test_it_grows_only_while_somebody_waits() -> None:
    flow = seeking()
    assert flow.succeeded(0.1).pacer.rate == 1.0
    flow = flow.asked("a", Turn(None), 1.0, 1.0).turn(0.2)[0]
    assert len(flow.queue) == 1
    assert flow.succeeded(2.0).pacer.rate > 1.0
    assert flow.succeeded(0.2 + WANTED + 0.1).pacer.rate == 1.0


def test_a_declared_rate_does_not_grow_beyond_it() -> None:
    flow = Flow.of(Rate(10.0), UNITS, 5.0, -5.0)
    for at in range(100):
        flow = flow.succeeded(float(at))
    assert flow.pacer.rate == 9.5


def test_when_as_many_are_in_work_as_there_are_places_for_the_next_waits_for_an_end() -> None:
    flow = Flow.of(Rate(10.0, burst=100.0), UNITS, 5.0, -5.0)
    for unit in UNITS:
        flow = flow.heard(unit, 1e6, 0.0)
    for at in range(10):
        flow = flow.ended("a", float(at), 0.1)
    for number in range(150):
        flow = flow.asked("ab"[number % 2], Turn(number), 1.0, 1.0)
    flow, gone = flow.turn(1000.0)
    assert len(gone) == 100  # the burst, which is more than 2 * .1 s * 9.5/s
    assert flow.turn(1001.0)[1] == ()
    assert flow.due(1001.0) == 1060.0
    flow = flow.ended("a", 1001.0, 0.1)
    assert len(flow.turn(1001.0)[1]) == 1
    assert (
        len(flow.without("b").turn(1001.0)[1]) > 1
    )  # b has ended: its calls are not out, and it waits no more
