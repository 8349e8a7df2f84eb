"""The parts of publisher and consumer that only decide, for any input."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways import (
    Author,
    Binding,
    Consumer,
    Exchange,
    Key,
    Letter,
    Message,
    Queue,
    Retries,
    Topology,
    consume,
)
from cybernetic.gateways.consumer.acks import Acks
from cybernetic.gateways.consumer.gates import Lanes
from cybernetic.gateways.consumer.retrying import around, delay_queue, parking_queue
from cybernetic.gateways.consumer.ticket import (
    LINES,
    SEAL,
    TEXT,
    TICKET,
    BadTicket,
    Line,
    Ticket,
    read_ticket,
    ticketed,
    without_ticket,
)
from cybernetic.gateways.publisher.rows import packed, unpacked

KEY = Key("gate", "g" * 32, ["shop"], purpose="gateway")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
SHORT = TEXTS.filter(lambda text: len(text.encode()) <= 255)
WHOLE = st.integers(-(2**63), 2**63 - 1)
PLAIN = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | TEXTS
HEADERS = st.dictionaries(
    TEXTS.filter(lambda name: not name.startswith("x-")),
    st.recursive(PLAIN, lambda s: st.lists(s, max_size=3)),
)
TIMES = st.floats(0, 4e9)
LINES_OF = st.builds(Line, TIMES, TEXTS, TEXTS)
TICKETS = st.builds(
    Ticket,
    SHORT,
    SHORT,
    SHORT,
    TIMES,
    st.integers(0, 1000),
    TEXTS,
    st.integers(0, 1000),
    st.lists(LINES_OF, max_size=5).map(tuple),
)
MESSAGES = st.builds(
    Message,
    st.binary(max_size=50),
    SHORT,
    SHORT,
    HEADERS,
    id=SHORT,
    type=SHORT,
    content_type=SHORT,
    content_encoding=SHORT,
    correlation_id=SHORT,
    reply_to=SHORT,
    app_id=SHORT,
    priority=st.none() | st.integers(0, 255),
    expiration=st.none() | st.floats(0, 1e6),
    timestamp=st.none() | st.integers(0, 2**40),
    persistent=st.booleans(),
    mandatory=st.booleans(),
)


# Acks.


class Told:
    """An intake that notes which tags the broker counts as done, and which came back."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.acked: list[int] = []
        self.nacked: list[int] = []

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        assert tag in self.open, f"{tag} is not open: the channel would be closed"
        gone = [one for one in self.open if one <= tag] if multiple else [tag]
        self.acked += gone
        self.open = [one for one in self.open if one not in gone]

    def nack(self, tag: int) -> None:
        self.open.remove(tag)
        self.nacked.append(tag)


@given(st.lists(st.tuples(st.sampled_from("cdbf"), st.integers(0, 5)), max_size=80))
async def test_exactly_what_is_done_is_acknowledged(steps: list[tuple[str, int]]) -> None:
    told = Told()
    acks = Acks(lambda: told)  # type: ignore[arg-type, return-value]
    came, working, done, back = 0, [], set[int](), set[int]()
    for what, which in steps:
        if what == "c":
            came += 1
            told.open.append(came)
            working.append(came)
            acks.came(came)
        elif what == "f":
            await asyncio.sleep(0)
        elif working:
            tag = working.pop(which % len(working))
            if what == "d":
                acks.done(tag)
                done.add(tag)
            else:
                acks.back(tag)
                back.add(tag)
        assert set(told.acked) <= done
        assert told.nacked == sorted(told.nacked, key=told.nacked.index)
    await asyncio.sleep(0)
    assert sorted(told.acked) == sorted(done)
    assert set(told.nacked) == back
    assert told.open == working
    acks.done(10**6)  # never came: no harm
    await asyncio.sleep(0)


# Lanes.


@given(st.lists(st.integers(0, 2), min_size=1, max_size=20), st.randoms(use_true_random=False))
async def test_lanes_let_one_of_each_key_go_at_a_time_in_order(keys: list[int], random: Any) -> None:
    lanes, order, inside = Lanes(), [], set[int]()
    pauses = [random.randint(0, 3) for _ in keys]

    async def one(place: int, key: int) -> None:
        before, mine = lanes.join(key)
        try:
            if before is not None:
                await before
            assert key not in inside
            inside.add(key)
            await asyncio.sleep(pauses[place])
            inside.discard(key)
            order.append((key, place))
        finally:
            lanes.leave(key, mine)

    await asyncio.gather(*(one(place, key) for place, key in enumerate(keys)))
    for key in set(keys):
        mine = [place for found, place in order if found == key]
        assert mine == sorted(mine)
        assert len(mine) == keys.count(key)
    assert not lanes._last


# Tickets.


@given(MESSAGES, TICKETS, st.booleans())
def test_a_ticket_is_read_as_it_was_written(message: Message, ticket: Ticket, sealed: bool) -> None:
    sent = ticketed(message, ticket, KEY if sealed else None, "", "q.retry", 2.0)
    assert sent.persistent
    assert sent.mandatory
    assert sent.expiration == 2.0
    assert read_ticket(sent, (lambda id: KEY if id == "gate" else None) if sealed else None) == ticket
    back = without_ticket(sent, ticket)
    assert (back.exchange, back.routing_key) == (ticket.exchange, ticket.routing_key)
    assert back.headers == message.headers
    assert back.body == message.body
    assert back.id == message.id


@given(TICKETS, st.binary(min_size=1, max_size=20), st.data())
def test_any_change_of_a_sealed_ticket_or_its_body_is_refused(
    ticket: Ticket, body: bytes, data: st.DataObject
) -> None:
    sent = ticketed(Message(body), ticket, KEY, "", "q")
    headers = dict(sent.headers)
    what = data.draw(st.sampled_from(["text", "seal", "body"]))
    if what == "body":
        place = data.draw(st.integers(0, len(body) - 1))
        body = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    else:
        name = TICKET if what == "text" else SEAL
        text = str(headers[name])
        place = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(st.characters(codec="utf-8").filter(lambda one: one != text[place]))
        headers[name] = text[:place] + new + text[place + 1 :]
    with pytest.raises(BadTicket):
        read_ticket(Message(body, headers=headers), lambda id: KEY if id == "gate" else None)


@given(st.recursive(PLAIN, lambda s: st.lists(s, max_size=9) | st.dictionaries(TEXTS, s, max_size=3)))
def test_whatever_stands_in_the_header_is_a_ticket_or_refused(value: Any) -> None:
    for header in (value, json.dumps(value)):
        try:
            ticket = read_ticket(Message(b"", headers={TICKET: header}), None)
        except BadTicket:
            continue
        assert ticket is None or isinstance(ticket, Ticket)
        assert ticket is not None or header is None


@given(TICKETS, st.lists(TEXTS, max_size=100))
def test_a_history_keeps_its_first_line_and_the_last_ones(ticket: Ticket, whys: list[str]) -> None:
    for at, why in enumerate([*whys, "x" * 2000]):
        ticket = ticket.noted(float(at), "retry", why)
        assert len(ticket.history) <= LINES
        assert len(ticket.history[-1].why) <= TEXT
        assert ticket.history[-1].at == at
    assert ticket.history[-1].why.endswith("…")


# Retries.

RETRIES = st.builds(Retries, st.integers(0, 12), st.floats(0.01, 5.0), st.floats(5.0, 600.0))


@given(RETRIES, st.integers(0, 12), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 2000))
def test_a_delay_is_that_of_its_step_give_or_take_a_tenth(
    retries: Retries, done: int, chance: float, after: float | None
) -> None:
    if done >= retries.count:
        return
    step = retries.step(done, after)
    assert step in retries.steps
    assert list(retries.steps) == sorted(set(retries.steps))
    assert 0.9 * step <= retries.waiting(step, chance) <= 1.1 * step
    if after is None:
        assert step == min(retries.most, retries.first * 2**done)
    else:
        assert step >= after or step == retries.steps[-1]


def test_the_default_ladder_is_that_of_the_guarantee() -> None:
    assert Retries().steps == (1, 2, 4, 8, 16)
    assert Retries(9).steps == (1, 2, 4, 8, 16, 32, 60)
    assert Retries(0).steps == ()
    for wrong in ({"count": -1}, {"count": 101}, {"first": 0.0}, {"most": 0.5}):
        with pytest.raises(OptionError):
            Retries(**wrong)


@given(RETRIES, st.sampled_from(["quorum", "classic"]))
@example(Retries(2, 4.999999999999999, 5.0), "quorum")
def test_there_is_a_delay_queue_for_each_step_and_a_parking_queue(retries: Retries, kind: Any) -> None:
    topology = around(Queue("work", kind=kind), retries)
    names = [queue.name for queue in topology.queues]
    assert len(set(names)) == len(names)
    assert set(names) >= {parking_queue("work"), *(delay_queue("work", step) for step in retries.steps)}
    for queue in topology.queues:
        assert queue.kind == "quorum"  # a classic one would drop what comes back to a full work queue
        assert queue.at_least_once == (queue.name != "work.parked")
        assert queue.durable
        assert queue.overflow == "reject-publish"
        back = (queue.dead_letter, queue.dead_letter_key)
        assert back == ((None, None) if queue.name == "work.parked" else ("", "work"))


# Rows.


@given(MESSAGES)
def test_a_message_comes_out_of_its_row_as_it_went_in(message: Message) -> None:
    assert unpacked(message.exchange, message.routing_key, *packed(message)) == message


@given(st.binary(max_size=60), SHORT, SHORT, st.none() | st.floats(0, 100), st.booleans(), st.booleans())
def test_a_letter_comes_out_of_its_row_as_it_went_in(
    payload: bytes, exchange: str, key: str, expiration: float | None, persistent: bool, mandatory: bool
) -> None:
    envelope = Author("shop").write("order", "shop/till", payload)
    letter = Letter(envelope, exchange, key, expiration, persistent, mandatory)
    assert unpacked(exchange, key, *packed(letter)) == letter


# Topology.

NAMES = st.sampled_from("abcd")
TOPOLOGIES = st.builds(
    Topology,
    st.lists(st.builds(Exchange, NAMES), unique_by=lambda one: one.name, max_size=3).map(tuple),
    st.lists(st.builds(Queue, NAMES), unique_by=lambda one: one.name, max_size=3).map(tuple),
    st.lists(st.builds(Binding, NAMES, NAMES, NAMES), max_size=3).map(tuple),
)


@given(TOPOLOGIES, TOPOLOGIES, TOPOLOGIES)
def test_topologies_add_up(one: Topology, two: Topology, three: Topology) -> None:
    both = one + two
    assert both + two == both == one + both == both + Topology() == Topology() + both
    assert (one + two) + three == one + (two + three)
    assert set(both.queues) == {*one.queues, *two.queues}
    assert set(both.exchanges) == {*one.exchanges, *two.exchanges}


def test_a_name_that_is_declared_in_two_ways_is_refused() -> None:
    with pytest.raises(OptionError, match="once"):
        Topology(queues=(Queue("a"),)) + Topology(queues=(Queue("a", max_length=3),))


# What is consumed.


@pytest.mark.parametrize(
    "options",
    [
        {"prefetch": 0},
        {"timeout": 0},
        {"timeout": 1501},
        {"crashes": 0},
        {"causal": object()},
        {"order": lambda delivery: 1},
        {"queue": "work"},
    ],
)
def test_impossible_options_of_a_consumer_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        consume(Consumer, **{"queue": Queue("work"), **options})
    with pytest.raises(OptionError, match="Consumer"):
        consume(Queue, queue=Queue("work"))  # type: ignore[arg-type]
