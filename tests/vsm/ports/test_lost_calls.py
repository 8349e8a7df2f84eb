"""What is assumed of calls without an upper bound that nobody will tell of: values in, values out."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.vsm.bargain import Purse, Vector
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.receipts import Came
from cybernetic.vsm.ports.unbounded import Unbounded

GRANT = Vector(usd=100)
PORT = Port(cost=lambda value: Vector(usd=value))
FREE = Port(failed=lambda error: Vector())

calls = st.lists(
    st.tuples(st.sampled_from(["east", "west"]), st.one_of(st.none(), st.integers(0, 60))), max_size=12
)


@given(calls)
def test_all_that_is_lost_is_settled_at_the_most_that_is_known_or_at_all_that_is_left(
    made: list[tuple[str, int | None]],
) -> None:
    purse, known, lost = Purse("a", 60.0, GRANT), Unbounded(), []
    for n, (port, took) in enumerate(made):
        key = f"a#{n}"
        if not purse.ledger(0).available or purse.ledger(0).blocked:
            break
        purse, epoch = purse.reserve(key, Vector(), 1.0, 10.0)
        known = known.began(key, port, PORT)
        if took is None:
            lost.append(key)
            continue
        purse = purse.settle(epoch, key, Vector(usd=took), bounded=False)
        known = known.told(port, Vector(usd=took)).over(key)
    before, names = purse.ledger(0).spent, dict(known.open)
    after, told = known.lost(purse, *lost)
    assert told.open == {}
    assert told.dearest == known.dearest
    assert not after.ledger(0).open
    assert before <= after.ledger(0).spent
    left = purse.ledger(0).available
    for key in lost:
        settled = after.ledger(0).closed[key]
        assert not settled.final
        assert settled.actual == known.dearest.get(names[key], left)
        left = left.less(settled.actual)
    assert known.lost(after, *lost)[0] == after  # once is as good as twice


def test_a_call_is_overdue_when_its_reservation_is() -> None:
    purse, _ = Purse("a", 60.0, GRANT).reserve("a#1", Vector(), 1.0, 10.0)
    known = Unbounded().began("a#1", "east", PORT)
    assert known.overdue(purse, 9.9) == ()
    assert known.overdue(purse, 10.0) == ("a#1",)


def test_a_port_without_a_cost_is_known_to_take_nothing_unless_it_fails() -> None:
    known = Unbounded().began("a#1", "east", FREE)
    assert known.untold("east", Came.UNKNOWN, GRANT) == Vector()
    assert known.told("east", Vector(usd=3)).untold("east", Came.UNKNOWN, GRANT) == Vector(usd=3)
    assert Unbounded().untold("west", Came.UNKNOWN, GRANT) == GRANT
    assert Unbounded().untold("west", Came.FAILED, GRANT) == Vector()
