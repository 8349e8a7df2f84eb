"""What an envelope may hold, and what those that follow from another inherit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import Author, Dot, Envelope
from cybernetic.state import Stamp
from tests.gateways.envelope.made import NOW, envelope, envelopes, few, text

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NEXT: Any = {"id": "m-2", "now": NOW + 1, "nonce": "n-2"}


def test_what_nothing_caused_is_its_own_root() -> None:
    made = Envelope.new("ticket.opened", "shop/desk", b"x", id="m-1", now=NOW, nonce="n-1")
    assert (made.id, made.root, made.correlation, made.causation) == ("m-1", "m-1", None, None)
    assert (made.source, made.signer) == ("shop/desk", "shop/desk")
    assert (made.timestamp, made.nonce, made.version) == (NOW, "n-1", 1)


def test_what_a_message_caused_names_it_and_inherits_from_it() -> None:
    dot = Dot("node-1", "7.abc", 3)
    cause = envelope(root="m-0", correlation="c", priority=4, traceparent=TRACE, tracestate="a=1", dot=dot)
    made = cause.caused("mail.sent", "shop/mail", b"y", **NEXT)
    assert (made.id, made.causation, made.root, made.correlation) == ("m-2", "m-1", "m-0", "c")
    assert (made.source, made.signer) == ("shop/mail", "shop/mail")
    assert (made.priority, made.traceparent, made.tracestate) == (4, TRACE, "a=1")
    assert (made.causes, made.dot, made.stamp) == ((dot,), None, None)
    assert (made.timestamp, made.nonce, made.payload) == (NOW + 1, "n-2", b"y")


def test_an_answer_has_the_message_it_answers_for_its_correlation() -> None:
    made = envelope(root="m-0", correlation="c").reply("answered", "shop/support", **NEXT)
    assert (made.correlation, made.causation, made.root) == ("m-1", "m-1", "m-0")


def test_what_is_given_is_not_inherited() -> None:
    cause = envelope(priority=4, traceparent=TRACE, tracestate="a=1", dot=Dot("n", "i", 1))
    made = cause.caused("t", "shop", **NEXT, priority=1, causes=(), traceparent=None)
    assert (made.priority, made.causes, made.traceparent, made.tracestate) == (1, (), None, None)
    other = TRACE.replace("b7", "c8")
    assert cause.caused("t", "shop", **NEXT, traceparent=other).traceparent == other


@few
@given(cause=envelopes(), depth=st.integers(1, 5))
def test_however_long_a_chain_its_root_is_its_first(cause: Envelope, depth: int) -> None:
    made = cause
    for index in range(depth):
        before, made = made, made.caused("t", "shop", id=f"m{index}", now=NOW, nonce="n")
        assert made.causation == before.id
    assert made.root == cause.root


def test_a_renewed_message_differs_in_time_nonce_and_signer_alone() -> None:
    made = envelope(priority=3)
    again = made.renewed(NOW + 5, "n-2", signer="operator/ann")
    assert again._replace(timestamp=NOW, nonce="n-1", signer=made.signer) == made
    assert made.renewed(NOW + 5, "n-2").signer == made.signer
    with pytest.raises(OptionError, match="nonce"):
        made.renewed(NOW, "")


ANY_DOT: Any = Dot
ANY_STAMP: Any = Stamp
PATHS = ["", "/a", "a/", "a//b", "/", "a\t", None, 5]
TEXTS = ["", "a\n", 5, b"m", "\ud800", "é" * 128]
IMPOSSIBLE: dict[str, list[Any]] = {
    **{name: [*TEXTS, None] for name in ("id", "type", "root", "nonce")},
    **dict.fromkeys(("correlation", "causation"), TEXTS),
    **dict.fromkeys(("source", "signer"), PATHS),
    "timestamp": [-1, float("nan"), float("inf"), 1e12, "1", True, None],
    "priority": [-1, 256, 1.0, True, None],
    "payload": ["x", None, bytearray(b"x")],
    "traceparent": ["", "00", 5],
    "dot": [("n", "i", 1), Dot("", "i", 1), Dot("n", "", 1), Dot("n", "i", -1), Dot("n", "i", 2**63)],
    "dot.sequence": [ANY_DOT("n", "i", True), ANY_DOT("n", "i", 1.5)],
    "stamp": [(1, 0, "n"), Stamp(-1, 0, "n"), Stamp(2**48, 0, "n"), Stamp(1, 2**32, "n"), Stamp(1, 0, "")],
    "stamp.node": [Stamp(1, 0, "a\n"), ANY_STAMP(1, 0, 5)],
    "causes": [[], (5,), (Dot("n", "i", 1),) * 33, (Dot("n", "i\n", 1),), None],
}


@pytest.mark.parametrize(
    ("field", "value"), [(name, value) for name in IMPOSSIBLE for value in IMPOSSIBLE[name]]
)
def test_impossible_fields_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(OptionError, match=f"^{field}"):
        envelope(**{field.partition(".")[0]: value})


def test_a_tracestate_needs_a_traceparent() -> None:
    with pytest.raises(OptionError, match="traceparent"):
        envelope(tracestate="a=1")
    with pytest.raises(OptionError, match="tracestate"):
        envelope(traceparent=TRACE, tracestate="")


@given(id=text)
def test_any_printable_text_of_255_bytes_is_an_id(id: str) -> None:
    assert envelope(id=id).id == id
    assert envelope(id="é" * 127).id


def test_an_envelope_shows_what_it_is_and_not_what_it_holds() -> None:
    shown = repr(envelope(payload=b"private"))
    assert shown == "<Envelope ticket.opened m-1 of shop/support/answer-1, 7 bytes>"


def test_an_envelope_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        envelope().id = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        envelope().other = 1  # type: ignore[attr-defined]


# the author


def author(now: float = NOW) -> Author:
    texts = iter(f"t-{number}" for number in range(1000))
    return Author("node-1", "7.abc", now=lambda: now, fresh=lambda: next(texts))


def test_an_author_numbers_and_stamps_what_it_makes() -> None:
    by = author()
    first, second = by.write("a", "shop"), by.write("b", "shop", b"x", priority=2)
    assert (first.dot, second.dot) == (Dot("node-1", "7.abc", 1), Dot("node-1", "7.abc", 2))
    assert (first.id, first.nonce, first.timestamp, first.root) == ("t-0", "t-1", NOW, "t-0")
    assert first.stamp is not None
    assert second.stamp is not None
    assert first.stamp < second.stamp
    assert (second.priority, second.payload) == (2, b"x")


def test_an_author_makes_what_follows_from_a_message() -> None:
    by = author()
    cause = by.write("a", "shop", traceparent=TRACE)
    effect, answer = by.write("b", "shop", cause=cause), by.write("c", "shop", cause=cause, answers=True)
    assert (effect.causation, effect.correlation, effect.causes) == (cause.id, None, (cause.dot,))
    assert (answer.causation, answer.correlation, answer.traceparent) == (cause.id, cause.id, TRACE)
    other = by.write("d", "shop", cause=cause, causes=(), traceparent=TRACE.replace("b7", "c8"))
    assert (other.causes, other.traceparent) == ((), TRACE.replace("b7", "c8"))


def test_an_author_renews_with_a_new_time_and_nonce() -> None:
    times = iter((NOW, NOW, NOW + 60.0))
    by = Author("node-1", now=lambda: next(times))
    made = by.write("a", "shop")
    again = by.renew(made, signer="operator/ann")
    assert (again.id, again.timestamp, again.signer) == (made.id, NOW + 60.0, "operator/ann")
    assert again.nonce != made.nonce


def test_two_authors_of_one_node_never_make_the_same_dot_or_id() -> None:
    made = [Author("node-1").write("a", "shop") for _ in range(50)]
    assert len({each.dot for each in made}) == len({each.id for each in made}) == 50
