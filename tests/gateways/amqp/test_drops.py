"""What a lossy queue of a RabbitMQ drops: where it goes, how it is counted, and what is declared when it cannot be."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError, attach
from cybernetic.gateways.broker.amqp import drops
from cybernetic.gateways.broker.amqp.declared import queue_arguments
from cybernetic.gateways.broker.amqp.drops import Drops, Tally, beside, counted, reason
from cybernetic.gateways.broker.errors import BrokerError, ChannelClosed, ConnectionLost, Differs, NotDeclared
from cybernetic.gateways.broker.events import MessageDropped
from cybernetic.gateways.broker.memory.deaths import Reason, letter
from cybernetic.gateways.broker.messages import Delivery, Message
from cybernetic.gateways.broker.topology import Queue, Topology

LOSSY = Queue("q", "classic", lossy=True, overflow="drop-head", max_length=1)
LETTERS = counted(LOSSY)
BESIDE = beside(LOSSY)
DENIED = ChannelClosed(403, "ACCESS_REFUSED")
OTHERWISE = Differs("queue", "otherwise")


class Intake:
    """What is read from a queue, without a broker."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[BrokerError | None] = asyncio.get_running_loop().create_future()
        self.acked: list[tuple[int, bool]] = []

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self.acked.append((tag, multiple))

    async def close(self) -> None:
        self.ended.set_result(None)


class Broker:
    """Takes declarations, save those it refuses."""

    def __init__(self, *refused: tuple[Queue, BrokerError], consuming: BrokerError | None = None) -> None:
        self.refused, self.consuming = list(refused), consuming
        self.queues: list[Queue] = []
        self.intakes: list[tuple[str, Intake]] = []
        self.drops = Drops("amqp://here", self.declare, self.intake)

    async def declare(self, queue: Queue) -> None:
        for other, error in self.refused:
            if other == queue:
                raise error
        self.queues.append(queue)

    async def intake(self, queue: str, deliver: Callable[[Delivery], None], *, prefetch: int) -> Any:
        if self.consuming:
            raise self.consuming
        self.intakes.append((queue, Intake()))
        return self.intakes[-1][1]


@pytest.fixture
def told() -> Iterator[list[MessageDropped]]:
    told: list[MessageDropped] = []
    detach = attach(MessageDropped, told.append)
    yield told
    detach()


def dead(tag: int, why: Reason = "maxlen", queue: str = "q", redelivered: bool = False) -> Delivery:
    message = letter(Message(b"x", "x", "k"), queue, why, "", BESIDE.name, 0)
    return Delivery(message, BESIDE.name, tag, redelivered)


# What is counted, and where.


def test_a_queue_drops_where_it_is_lossy_and_something_is_declared_that_drops() -> None:
    for options in ({"max_length": 1, "overflow": "drop-head"}, {"ttl": 1.0}, {"delivery_limit": 2}):
        assert Queue("q", lossy=True, **options).drops
    assert LOSSY.drops
    assert not Queue("q", lossy=True).drops
    assert not Queue("q", lossy=True, overflow="drop-head").drops  # nothing limits it
    assert not Queue("q", lossy=True, max_length=1).drops  # it rejects
    assert not Queue("q", max_length=1).drops
    assert not LETTERS.drops  # nothing is lost
    assert not BESIDE.drops


def test_it_is_declared_with_dead_letters_to_the_queue_beside_it() -> None:
    arguments = queue_arguments(LETTERS)
    assert arguments.pop("x-dead-letter-exchange") == ""
    assert arguments.pop("x-dead-letter-routing-key") == "q.dropped"
    assert arguments == queue_arguments(LOSSY)


def test_the_queue_beside_it_is_bounded_and_lasts_no_longer() -> None:
    assert queue_arguments(BESIDE) == {
        "x-queue-type": "classic",
        "x-max-length": 100_000,
        "x-max-length-bytes": 64 * 1024 * 1024,
        "x-overflow": "reject-publish",
        "x-expires": 86_400_000,
    }
    assert beside(Queue("q", lossy=True, ttl=1.0, expires=60.0)).expires == 60.0
    own = beside(Queue("q", "classic", lossy=True, ttl=1.0, exclusive=True, auto_delete=True))
    assert (own.exclusive, own.auto_delete, own.expires) == (True, True, None)


def test_there_must_be_room_for_its_name() -> None:
    assert beside(Queue("q" * 247, lossy=True, ttl=1.0)).name == "q" * 247 + ".dropped"
    with pytest.raises(OptionError, match=r"name: .*at most 247 bytes where it drops"):
        Queue("q" * 248, lossy=True, ttl=1.0)
    assert Queue("q" * 255)


def test_no_other_queue_may_have_its_name() -> None:
    with pytest.raises(OptionError, match=r"no queue 'q\.dropped': there is counted what queue 'q' drops"):
        Topology(queues=(Queue("q.dropped"), LOSSY))
    assert Topology(queues=(Queue("q.dropped"), Queue("q")))


# Why it died.


@given(
    st.lists(
        st.tuples(st.sampled_from("qrs"), st.sampled_from(["maxlen", "expired", "rejected"])), max_size=9
    )
)
def test_the_reason_is_that_of_the_last_death_in_the_queue(died: list[tuple[str, Reason]]) -> None:
    message = Message(b"", "x", "k")
    for queue, why in died:
        message = letter(message, queue, why, "", "k", 0)
    for name in "qrs":
        assert reason(message, name) == next((why for queue, why in reversed(died) if queue == name), None)


@pytest.mark.parametrize("deaths", [None, "text", 7, [], [7], [{"queue": "r", "reason": "maxlen"}], [{}]])
def test_what_did_not_die_there_has_no_reason(deaths: Any) -> None:
    assert reason(Message(b"", headers={"x-death": deaths}), "q") is None


# Counting.


async def test_each_is_told_and_all_of_a_turn_are_acknowledged_at_once(told: list[MessageDropped]) -> None:
    tally, intake = Tally("amqp://here", "q"), Intake()
    tally.begin(intake)  # type: ignore[arg-type]
    for tag, why in enumerate(("maxlen", "expired", "rejected"), 1):
        tally.came(dead(tag, why))  # type: ignore[arg-type]
    assert [one.reason for one in told] == ["maxlen", "expired", "rejected"]
    assert {(one.broker, one.queue) for one in told} == {("amqp://here", "q")}
    assert intake.acked == []
    await asyncio.sleep(0)
    tally.came(dead(4))
    await asyncio.sleep(0)
    assert intake.acked == [(3, True), (4, True)]


async def test_what_may_have_been_told_before_or_did_not_die_there_is_only_acknowledged(
    told: list[MessageDropped],
) -> None:
    tally, intake = Tally("amqp://here", "q"), Intake()
    tally.begin(intake)  # type: ignore[arg-type]
    tally.came(dead(1, redelivered=True))
    tally.came(dead(2, queue="other"))
    tally.came(Delivery(Message(b""), BESIDE.name, 3))
    await asyncio.sleep(0)
    assert (told, intake.acked) == ([], [(3, True)])


async def test_what_comes_before_the_intake_is_known_is_acknowledged_then(told: list[MessageDropped]) -> None:
    tally, intake = Tally("amqp://here", "q"), Intake()
    tally.came(dead(1))
    await asyncio.sleep(0)
    tally.begin(intake)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert (len(told), intake.acked) == (1, [(1, True)])


# What is declared.


async def test_the_queue_beside_is_there_first_and_is_read_once(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker()
    for _ in range(2):
        await broker.drops.declare(LOSSY)
    assert broker.queues == [BESIDE, LETTERS] * 2
    assert [queue for queue, _ in broker.intakes] == ["q.dropped"]
    assert not caplog.records


async def test_counting_begins_anew_when_it_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker()
    await broker.drops.declare(LOSSY)
    broker.intakes[0][1].ended.set_result(NotDeclared("queue 'q.dropped'"))
    await asyncio.sleep(0)
    assert "queue 'q': what it drops is not counted here: the queue beside it was deleted" in caplog.text
    await broker.drops.declare(LOSSY)
    assert len(broker.intakes) == 2


@pytest.mark.parametrize("end", [None, ConnectionLost("gone")])
async def test_the_end_of_a_connection_is_no_news(end: BrokerError | None, caplog: Any) -> None:
    broker = Broker()
    await broker.drops.declare(LOSSY)
    broker.intakes[0][1].ended.set_result(end)
    await asyncio.sleep(0)
    assert not caplog.records


@pytest.mark.parametrize(
    ("refused", "there"),
    [
        ([(LETTERS, OTHERWISE)], [BESIDE, LOSSY]),  # declared by somebody who does not count
        ([(BESIDE, OTHERWISE)], [LOSSY]),  # a name that somebody else uses
        ([(BESIDE, DENIED)], [LOSSY]),  # this user may not
        ([(LETTERS, DENIED)], [BESIDE, LOSSY]),
        ([(BESIDE, DENIED), (LOSSY, OTHERWISE)], [LETTERS]),  # another user counts
    ],
)
async def test_a_queue_that_cannot_be_counted_is_declared_all_the_same_and_the_log_says_so(
    refused: list[tuple[Queue, BrokerError]], there: list[Queue], caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(*refused)
    await broker.drops.declare(LOSSY)
    assert broker.queues == there
    assert not broker.intakes
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"queue 'q': what it drops is not counted here: {refused[0][1]}")


async def test_one_that_may_not_be_read_is_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(consuming=DENIED)
    await broker.drops.declare(LOSSY)
    assert broker.queues == [BESIDE, LETTERS]
    assert "not counted here: the broker closed the channel: 403" in caplog.text


THEIRS = Differs("queue 'q'", "inequivalent arg 'x-max-length'")
LETTERED = Differs("queue 'q'", "inequivalent arg 'x-dead-letter-exchange'")


@pytest.mark.parametrize("first", [[], [(BESIDE, DENIED)]])
@pytest.mark.parametrize("refused", [(THEIRS, LETTERED), (LETTERED, THEIRS)])
async def test_a_queue_that_is_declared_otherwise_is_refused_for_what_the_user_said(
    first: list[tuple[Queue, BrokerError]], refused: tuple[Differs, Differs]
) -> None:
    broker = Broker(*first, (LETTERS, refused[0]), (LOSSY, refused[1]))
    with pytest.raises(Differs) as raised:
        await broker.drops.declare(LOSSY)
    assert raised.value is THEIRS


async def test_a_lost_connection_is_no_reason_to_go_on_without() -> None:
    broker = Broker((BESIDE, ConnectionLost("gone")))
    with pytest.raises(ConnectionLost):
        await broker.drops.declare(LOSSY)
    assert not broker.queues


async def test_a_queue_that_is_deleted_takes_the_one_beside_it_along() -> None:
    broker = Broker()
    assert await broker.drops.forget("q") is None
    await broker.drops.declare(LOSSY)
    assert await broker.drops.forget("q") == "q.dropped"
    assert broker.intakes[0][1].ended.done()
    assert await broker.drops.forget("q") is None


async def test_a_connection_counts_for_no_more_queues_than_it_has_channels_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drops, "MOST", 2)
    broker = Broker()
    for n in range(4):
        await broker.drops.declare(Queue(f"q{n}", lossy=True, ttl=1.0))
    assert [queue for queue, _ in broker.intakes] == ["q0.dropped", "q1.dropped"]
    assert [record.args and record.args[0] for record in caplog.records] == ["q2", "q3"]  # type: ignore[index]
