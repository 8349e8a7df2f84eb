"""Points of the queue's state machine that neither the contract nor chance is sure to meet."""

from collections import deque

from cybernetic.gateways.broker.memory.consumer import Consumer
from cybernetic.gateways.broker.memory.queue import Dead, MemoryQueue
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import Queue

NOW = 100.0


def consumer(prefetch: int) -> Consumer:
    return Consumer(prefetch, mailed=lambda: None, cancelled=lambda: None)


def bodies(one: Consumer) -> list[bytes]:
    return [entry.message.body for entry in one.unsettled.values()]


def filled(spec: Queue, *bodies: bytes) -> tuple[MemoryQueue, deque[Dead], list[bool]]:
    """The queue, where it puts what dies, and what it took."""
    dead: deque[Dead] = deque()
    queue = MemoryQueue(spec, dead, NOW)
    return queue, dead, [queue.offer(Message(body), NOW) for body in bodies]


def test_a_quorum_queue_that_was_full_takes_more_only_well_below_its_limit() -> None:
    queue, _, taken = filled(Queue("q", max_length=5), *[b"x"] * 8)
    assert taken == [True] * 6 + [False] * 2
    taken = []
    for _ in range(3):
        queue.join(consumer(1), NOW)
        taken.append(queue.offer(Message(b"x"), NOW))
    assert taken == [False, True, True]
    assert len(queue.ready) == 5


def test_a_classic_queue_takes_exactly_its_limit() -> None:
    for limit in (Queue("q", "classic", max_length=3), Queue("q", "classic", max_bytes=3)):
        queue, _, taken = filled(limit, *[b"x"] * 5)
        assert taken == [True] * 3 + [False] * 2
        queue.join(consumer(1), NOW)
        assert queue.offer(Message(b"x"), NOW)


def test_what_waits_for_a_consumer_counts_and_what_it_has_does_not() -> None:
    queue, _, _ = filled(Queue("q", "classic", max_length=1))
    queue.join(consumer(3), NOW)
    assert [queue.offer(Message(b"x"), NOW) for _ in range(6)] == [True] * 4 + [False] * 2


def test_what_is_put_back_beyond_the_limit_is_dropped_before_or_after_it_is_delivered() -> None:
    """A classic queue drops first, a quorum queue delivers first."""
    for spec, got, dropped in (
        (Queue("q", "classic", lossy=True, overflow="drop-head", max_length=1), [b"2"], [b"1"]),
        (Queue("q", lossy=True, overflow="drop-head", max_length=1, delivery_limit=9), [b"1", b"2"], []),
    ):
        queue, dead, _ = filled(spec)
        first, second = consumer(2), consumer(2)
        queue.join(first, NOW)
        queue.offer(Message(b"1"), NOW)
        queue.offer(Message(b"2"), NOW)
        queue.join(second, NOW)
        queue.leave(first, NOW)
        queue.put_back(first.take_all(), NOW)
        assert bodies(second) == got
        assert [one.entry.message.body for one in dead] == dropped


def test_consumers_that_may_have_more_take_turns() -> None:
    queue, _, _ = filled(Queue("q", "classic"))
    row = [consumer(2), consumer(1), consumer(9)]
    for one in row:
        queue.join(one, NOW)
    for number in range(6):
        queue.offer(Message(b"%d" % number), NOW)
    assert [bodies(one) for one in row] == [[b"0", b"3"], [b"1"], [b"2", b"4", b"5"]]
    row[1].take(1, multiple=False)
    queue.settle(row[1])
    queue.offer(Message(b"6"), NOW)
    queue.offer(Message(b"7"), NOW)
    assert bodies(row[1]) == [b"7"]


def test_a_queue_keeps_no_consumer_that_has_left() -> None:
    queue, _, _ = filled(Queue("q", "classic"))
    one = consumer(5)
    queue.join(one, NOW)
    assert not queue.leave(one, NOW)
    assert not queue.leave(one, NOW)
    queue.settle(one)
    assert queue.offer(Message(b"x"), NOW)
    assert not one.unsettled
    assert len(queue.ready) == 1


def test_an_expiring_queue_counts_from_its_last_use() -> None:
    queue, _, _ = filled(Queue("q", "classic", expires=10.0))
    assert queue.deadline() == NOW + 10
    one = consumer(1)
    queue.join(one, NOW + 5)
    queue.touch(NOW + 6)
    assert queue.deadline() == float("inf")
    queue.leave(one, NOW + 7)
    assert queue.deadline() == NOW + 17
