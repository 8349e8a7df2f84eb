"""What a publisher keeps in mind: which messages wait, are on their way, or came back, and whose fault it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways import Message
from cybernetic.gateways.publisher.flight import Entry, Flight, culprits
from cybernetic.gateways.publisher.setbacks import Setbacks


@given(st.lists(st.sampled_from("sonnlbx"), min_size=60, max_size=150), st.integers(1, 5), st.integers(1, 6))
def test_flight_keeps_the_window_the_order_and_lets_a_suspect_go_alone(
    steps: list[str], window: int, limit: int
) -> None:
    flight, number = Flight(window, limit), 0
    flying: list[Entry] = []
    waiting: list[Entry] = []
    for step in steps:
        if step in "so":
            if not flight.has_room(stored=step == "s"):
                assert len([one for one in waiting if (one.number is not None) == (step == "s")]) >= limit
                continue
            number += step == "s"
            entry = Entry(Message(b""), number if step == "s" else None, None)
            waiting.append(entry)
            flight.add(entry)
        elif step == "n":
            entry_or_none = flight.next()
            if entry_or_none is None:
                alone = any(one.suspect for one in flying)
                assert len(flying) == window or alone or not waiting or flying
                continue
            entry = entry_or_none
            lane = [one for one in waiting if (one.number is None) == (entry.number is None)]
            assert entry.order == min(one.order for one in lane)
            waiting.remove(entry)
            assert not flying or not (entry.suspect or any(one.suspect for one in flying))
            flying.append(entry)
        elif flying:
            entry = flying.pop(0 if step == "l" else -1)
            flight.landed([entry])
            if step in "bx":  # it comes back, perhaps as a suspect
                entry.suspect = step == "x"
                waiting.append(entry)
                flight.add(entry)
        assert flight.flying == len(flying) <= window
        assert flight.others == len([one for one in (*waiting, *flying) if one.number is None])
    for entry in flying:
        flight.landed([entry])
    dropped = flight.drop_others()
    assert [one.order for one in dropped] == sorted(one.order for one in waiting if one.number is None)
    assert flight.others == 0


def test_flight_takes_turns_between_what_is_stored_and_what_is_not() -> None:
    flight = Flight(10, 10)
    for n in range(1, 4):
        flight.add(Entry(Message(b""), n, None))
        flight.add(Entry(Message(b""), None, None))
    kinds = [(flight.next() or pytest.fail("expected one to send")).number is None for _ in range(6)]
    assert kinds in ([True, False] * 3, [False, True] * 3)


@given(
    st.lists(st.sampled_from(["", "a", "b", "ab"]), max_size=6),
    st.sampled_from(["", "a", "b", "c"]),
    st.sampled_from(
        [
            "404 NOT_FOUND - no exchange '{}' in vhost 'b'",
            "403 ACCESS_REFUSED - write access to exchange '{}' in vhost 'b' refused for user 'a'",
            "403 ACCESS_REFUSED - cannot publish to internal exchange '{}' in vhost 'ab'",
        ]
    ),
)
def test_culprits_are_those_whose_exchange_is_named_or_the_only_one(
    exchanges: list[str], named: str, said: str
) -> None:
    entries = [Entry(Message(b"", one), None, None) for one in exchanges]
    found = culprits(said.format(named), entries)
    blamed = [one for one in entries if one.message.exchange and one.message.exchange == named]
    assert found == (blamed or (entries if len(entries) == 1 else []))


def test_of_those_whose_topic_is_refused_none_is_to_blame_for_another() -> None:
    one, two = (Entry(Message(b"", "shop", key), None, None) for key in ("a", "b"))
    refused = "403 ACCESS_REFUSED - write access to topic 'b' in exchange 'shop' in vhost 'shop' refused for user 'a'"
    assert culprits(refused, [one, two]) == [two]
    assert culprits("406 PRECONDITION_FAILED - user_id property set to 'shop'", [one, two]) == []


def test_setbacks_are_known_until_a_message_is_over_and_no_longer() -> None:
    setbacks = Setbacks()
    assert [setbacks.rejected(1), setbacks.rejected(1), setbacks.rejected(2)] == [0, 1, 0]
    assert [setbacks.astray(1), setbacks.astray(1), setbacks.astray(3)] == [True, True, True]
    assert (len(setbacks), setbacks.declared(), setbacks.declared()) == (3, [1, 3], [])
    assert not setbacks.astray(3)
    assert setbacks.rejected(1) == 2
    for number in (1, 2, 3):
        setbacks.over(number)
    assert len(setbacks) == 0
    assert setbacks.astray(3)
