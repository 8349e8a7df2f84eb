"""Tickets are bounded in what is written: a long history gets shorter, and no text destroys it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways import Message
from cybernetic.gateways.consumer.ticket import (
    LINES,
    MOST,
    TEXT,
    TICKET,
    WRITTEN,
    BadTicket,
    Ticket,
    read_ticket,
    ticketed,
)

FRESH = Ticket("work", "shop", "order", 1.0)


def read_again(ticket: Ticket) -> Ticket:
    """The ticket as the next consumer reads it."""
    sent = ticketed(Message(b"x"), ticket, None, "", "q")
    text = sent.headers[TICKET]
    assert isinstance(text, str)
    assert len(text.encode()) <= WRITTEN < MOST
    found = read_ticket(sent, None)
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["x", "é", "Ж", "中", "😀", "\x1b", "\x00", "\ud83d", '"', "\\"])
def test_a_long_history_in_any_script_goes_round_for_ever(text: str) -> None:
    ticket = FRESH
    for number in range(1, 4 * LINES):
        ticket = read_again(
            ticket.noted(float(number), "retry", f"{number} {text * 2 * TEXT}", retries=number)
        )
        assert ticket.retries == number
        assert ticket.history[0].why.startswith("1 ")
        assert [line.at for line in ticket.history[1:]] == [
            float(number - back) for back in reversed(range(len(ticket.history) - 1))
        ]
        assert ticket.last == number
    assert len(ticket.history) >= 8


@given(st.lists(st.text(st.characters(), max_size=2 * TEXT), max_size=6))
def test_what_was_noted_is_read_but_for_halves_of_surrogate_pairs(whys: list[str]) -> None:
    ticket = FRESH
    for at, why in enumerate(whys):
        ticket = ticket.noted(float(at), "retry", why)
    found = read_again(ticket)
    assert found == ticket
    for line, why in zip(found.history, whys, strict=True):
        if len(why) <= TEXT and why.isprintable():
            assert line.why == why


@pytest.mark.parametrize("where", ["since", "history"])
@pytest.mark.parametrize("time", [-1, -1e300, 253402300800, 1e20, 10**400])
def test_a_time_that_no_calendar_has_is_no_ticket(where: str, time: float) -> None:
    since, at = (time, 1) if where == "since" else (1, time)
    text = json.dumps(["work", "", "work", since, 0, "", 0, [[at, "parked", "why"]]])
    with pytest.raises(BadTicket):
        read_ticket(Message(b"x", headers={TICKET: text}), None)


LINE = [1, "parked", "why"]


@pytest.mark.parametrize(
    "fields",
    [
        ["work", "", "work", 1, 0, "\ud800", 0, []],
        ["work", "", "w" * 256, 1, 0, "", 0, []],
        ["work", "", "work", 1, 0, "p" * 300, 0, []],
        ["work", "", "work", 1, -1, "", 0, []],
        ["work", "", "work", 1, 2**31, "", 0, []],
        ["work", "", "work", 1, 0, "", 2**80, []],
        ["work", "", "work", 1, 0, "", True, []],
        ["work", "", "work", 1, 0, "", 0, [LINE] * (2 * LINES + 1)],
        ["work", "", "work", 1, 0, "", 0, [[1, "parked", "x" * (TEXT + 1)]]],
        ["work", "", "work", 1, 0, "", 0, [[1, "x" * 256, "why"]]],
        ["work", "", "work", 1, 0, "", 0, [[1, "parked"]]],
    ],
)
def test_what_no_gateway_writes_is_no_ticket(fields: list[object]) -> None:
    with pytest.raises(BadTicket):
        read_ticket(Message(b"x", headers={TICKET: json.dumps(fields)}), None)
