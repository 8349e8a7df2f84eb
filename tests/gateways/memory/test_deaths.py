"""What is written into dead letters, and which of them have come round by themselves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways.broker.memory.deaths import Reason, cycles, deaths, letter, recorded
from cybernetic.gateways.broker.messages import Message

QUEUES = st.sampled_from(["q", "r", "s"])
REASONS: st.SearchStrategy[Reason] = st.sampled_from(["rejected", "expired", "maxlen", "delivery_limit"])


def test_a_first_death_is_written_in_full() -> None:
    message = Message(b"x", "x", "a.b", {"own": 1}, expiration=0.25)
    dead = letter(message, "q", "expired", "dlx", None, 1_700_000_000)
    assert dead == Message(
        b"x",
        "dlx",
        "a.b",
        {
            "own": 1,
            "x-first-death-reason": "expired",
            "x-first-death-queue": "q",
            "x-first-death-exchange": "x",
            "x-death": [
                {
                    "count": 1,
                    "reason": "expired",
                    "queue": "q",
                    "time": 1_700_000_000,
                    "exchange": "x",
                    "routing-keys": ["a.b"],
                    "original-expiration": "250",
                }
            ],
        },
    )
    assert message.headers == {"own": 1}


def test_a_key_for_dead_letters_replaces_the_messages_own() -> None:
    assert letter(Message(b"", "x", "a"), "q", "maxlen", "", "b", 0).routing_key == "b"
    assert letter(Message(b"", "x", "a"), "q", "maxlen", "", "", 0).routing_key == ""


@given(st.lists(st.tuples(QUEUES, REASONS), max_size=12))
def test_each_pair_of_queue_and_reason_is_there_once_the_last_first(died: list[tuple[str, Reason]]) -> None:
    message = Message(b"x", "x", "k")
    for time, (queue, reason) in enumerate(died):
        message = letter(message, queue, reason, "", queue, time)
    history: Any = deaths(message.headers)
    assert [(one["queue"], one["reason"]) for one in history] == list(dict.fromkeys(reversed(died)))
    for one in history:
        pair = (one["queue"], one["reason"])
        assert one["count"] == died.count(pair)
        assert one["time"] == died.index(pair)
    if died:
        assert message.headers["x-first-death-queue"] == died[0][0]
        assert message.headers["x-first-death-reason"] == died[0][1]
        assert message.headers["x-first-death-exchange"] == "x"


def test_headers_that_only_look_like_deaths_are_written_over() -> None:
    for value in ("text", 1, None, {"a": 1}):
        headers: Any = recorded(Message(b"", headers={"x-death": value}), "q", "expired", 0)
        assert [one["count"] for one in headers["x-death"]] == [1]
    odd: Any = [{"queue": "q", "reason": "expired", "count": "many"}, 5]
    headers = recorded(Message(b"", headers={"x-death": odd}), "q", "expired", 0)
    assert [one["count"] for one in headers["x-death"]] == [1]


def test_only_what_comes_round_by_itself_is_a_cycle() -> None:
    expired_in_q, expired_in_r = {"queue": "q", "reason": "expired"}, {"queue": "r", "reason": "expired"}
    rejected_in_q = {"queue": "q", "reason": "rejected"}
    assert cycles("q", [expired_in_q], "expired")
    assert cycles("q", [expired_in_r, expired_in_q], "expired")
    assert not cycles("q", [expired_in_r], "expired")
    assert not cycles("q", [expired_in_r, rejected_in_q], "expired")
    assert not cycles("r", [{"queue": "s", "reason": "maxlen"}, rejected_in_q, expired_in_r], "maxlen")
    assert not cycles("q", [rejected_in_q, expired_in_q], "rejected")
