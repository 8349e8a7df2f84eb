"""Decisions are total and deterministic, denials override, and what fails or says nothing denies."""

from contextlib import suppress
from dataclasses import FrozenInstanceError, dataclass
from itertools import permutations
from math import inf, nan
from typing import Any
from unittest.mock import Mock

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.decisions import (
    Action,
    Allow,
    Authority,
    AuthorityMatrix,
    Deny,
    Escalate,
    Policy,
    Tier,
    Verdict,
    asked_in_turn,
    decide,
    decision_table,
    strictest,
    strictness,
    time_to_verdict,
)


def refunds(action: Any, context: Any) -> Verdict:
    if action.kind != "refund":
        return Allow()
    return Allow() if action.usd < 50 else Escalate("human", deadline=900, on_timeout=Deny("no answer"))


REFUNDS = Policy("refunds", 1, refunds)
VERDICTS = st.recursive(
    st.just(Allow()) | st.builds(Deny, st.text(min_size=1)),
    lambda inner: st.builds(Escalate, st.sampled_from(["a", "b"]), st.floats(1, 100), inner),
    max_leaves=3,
)


def saying(verdict: Any, name: str = "p", tier: Tier = Tier.REQUIREMENT) -> Policy:
    return Policy(name, 1, lambda action, context: verdict, tier)


def test_the_policy_of_the_design_page() -> None:
    assert decide([REFUNDS], Action("mail")).allowed
    assert decide([REFUNDS], Action("refund", {"usd": 49})).allowed
    decision = decide([REFUNDS], Action("refund", {"usd": 50}))
    assert decision.verdict == Escalate("human", 900, Deny("no answer"))
    assert decision.by == "refunds v1"
    assert decision.escalated


def test_what_nobody_allows_is_denied() -> None:
    decision = decide([], Action("anything"))
    assert decision.denied
    assert decision.by == "default"
    assert isinstance(strictest([]), Deny)


def test_a_policy_that_raises_denies_and_says_so() -> None:
    decision = decide([saying(Allow(), "other"), REFUNDS], Action("refund"))
    assert decision.denied
    assert decision.by == "refunds v1"
    assert "raised AttributeError: usd: expected a fact of the action" in str(decision.verdict)
    assert [opinion.policy for opinion in decision.failures] == ["refunds v1"]


@pytest.mark.parametrize("answer", [None, True, "allow", Allow, 1, [Allow()]])
def test_an_answer_that_is_no_verdict_denies(answer: object) -> None:
    decision = decide([saying(answer)], Action("x"))
    assert decision.denied
    assert "expected to answer Allow, Deny or Escalate" in str(decision.verdict)


class Hostile(Exception):
    """An error that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def raising(error: BaseException) -> Policy:
    def policy(action: Any, context: Any) -> Verdict:
        raise error

    return Policy("p", 1, policy)


def endless(action: Any, context: Any) -> Verdict:
    return endless(action, context)


@pytest.mark.parametrize(
    "policy",
    [
        raising(Hostile()),
        saying(Unprintable()),
        raising(RecursionError()),
        raising(MemoryError()),
        Policy("p", 1, endless),
        Policy("p", 1, lambda: Allow()),  # type: ignore[arg-type,misc]
    ],
)
def test_whatever_a_policy_does_there_is_a_decision(policy: Policy) -> None:
    assert decide([policy], Action("x")).denied


def test_an_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        decide([raising(KeyboardInterrupt())], Action("x"))


@given(st.lists(VERDICTS, max_size=6))
def test_the_strictest_verdict_wins_in_any_order(verdicts: list[Verdict]) -> None:
    decision = decide([saying(verdict) for verdict in verdicts], Action("x"))
    if any(isinstance(verdict, Deny) for verdict in verdicts) or not verdicts:
        assert decision.denied
    elif any(isinstance(verdict, Escalate) for verdict in verdicts):
        assert decision.escalated
    else:
        assert decision.allowed
    assert strictness(decision.verdict) == strictness(strictest(verdicts))
    assert strictness(strictest(reversed(verdicts))) == strictness(strictest(verdicts))


@given(VERDICTS, VERDICTS, VERDICTS)
def test_combining_is_associative_and_allowing_changes_nothing(a: Verdict, b: Verdict, c: Verdict) -> None:
    assert strictest([strictest([a, b]), c]) == strictest([a, strictest([b, c])])
    assert strictest([a, Allow()]) == strictest([Allow(), a]) == a
    assert strictest([a, a]) == a


def test_of_equally_strict_verdicts_the_first_tier_is_quoted() -> None:
    policies = [saying(Deny(tier.name), tier.name.lower(), tier) for tier in Tier]
    for order in permutations(policies):
        assert decide(order, Action("x")).verdict == Deny("INVARIANT")


def test_a_denial_of_any_tier_overrides_what_higher_tiers_allow() -> None:
    policies = [saying(Allow(), tier=Tier.INVARIANT), saying(Deny("too dear"), tier=Tier.IMPROVEMENT)]
    assert decide(policies, Action("x")).denied


def test_the_most_urgent_of_two_escalations_is_asked_first() -> None:
    decision = decide([saying(Escalate("human", 900)), saying(Escalate("owner", 60))], Action("x"))
    assert decision.verdict == Escalate("owner", 60)


def test_the_escalation_of_the_first_tier_rules_however_long_it_takes() -> None:
    board = saying(Escalate("board", 3600), "harm", Tier.INVARIANT)
    peer = saying(Escalate("peer", 60, Allow()), "nicety", Tier.IMPROVEMENT)
    for order in ([board, peer], [peer, board]):
        decision = decide(order, Action("x"))
        assert (decision.verdict, decision.by) == (Escalate("board", 3600), "harm v1")


def test_a_verdict_that_cannot_even_be_looked_at_is_a_denial() -> None:
    class Evil:
        @property
        def __class__(self) -> type:
            raise ValueError("boo")

    assert decide([saying(Evil())], Action("x")).failures


@dataclass(frozen=True)
class Ask(Escalate):
    """An escalation of one's own making, that checks nothing."""

    def __post_init__(self) -> None:
        """Whatever it is made of."""


@pytest.mark.parametrize(
    "verdict",
    [
        Ask("human", None),  # type: ignore[arg-type]
        Ask("human", nan),
        Ask("human", 1.0, None),  # type: ignore[arg-type]
        Ask("human", 1.0, Ask("", 1.0)),
        object.__new__(Escalate),
        object.__new__(Deny),
    ],
)
def test_what_calls_itself_a_verdict_and_is_none_is_a_denial(verdict: Any) -> None:
    bad, good = saying(verdict), saying(Escalate("a"))
    for rules in ([bad], [bad, good], [good, bad]):
        decision = decide(rules, Action("x"))
        assert decision.denied
        assert len(decision.failures) == 1
    assert decide([saying(Ask("human", 5.0))], Action("x")).escalated


class Fickle(Escalate):
    """An escalation whose `part` answers something else from the second reading on."""

    def __init__(self, part: str, first: object, then: object) -> None:
        object.__setattr__(self, "fickle", ("", None, None, []))
        super().__init__("human", 5.0)
        object.__setattr__(self, "fickle", (part, first, then, []))

    def __getattribute__(self, name: str) -> Any:
        part, first, then, read = object.__getattribute__(self, "fickle")
        if name != part:
            return super().__getattribute__(name)
        read.append(name)
        if len(read) > 1 and isinstance(then, Exception):
            raise then
        return first if len(read) == 1 else then


@pytest.mark.parametrize(
    ("verdict", "plain"),
    [
        (Fickle("deadline", 5.0, ValueError("read before")), Escalate("human", 5.0)),
        (Fickle("deadline", 5.0, nan), Escalate("human", 5.0)),
        (Fickle("to", "human", "nobody"), Escalate("human", 5.0)),
        (Fickle("on_timeout", Deny("no"), Allow()), Escalate("human", 5.0, Deny("no"))),
    ],
)
def test_a_verdict_is_read_once_and_what_was_read_stands(verdict: Any, plain: Verdict) -> None:
    decision = decide([saying(verdict)], Action("x"))
    for _ in range(2):
        assert decision.verdict == plain
        assert type(decision.verdict) is type(plain)
        assert not decision.failures


def test_what_only_says_that_it_is_a_verdict_is_none() -> None:
    decision = decide([saying(Mock(spec=Allow))], Action("x"))
    assert isinstance(decision.verdict, Deny)
    assert decision.failures


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise KeyError("no name")


class Failure(Exception, metaclass=Nameless):
    """An exception of a class that has no name."""


class Mute(Failure):
    def __str__(self) -> str:
        raise self


class Letters(str):
    """A string that can be neither shortened nor shown."""

    def __getitem__(self, at: object) -> Any:
        return self

    def __format__(self, spec: str) -> str:
        raise ValueError(spec)


class Lettered(Exception):
    def __str__(self) -> str:
        return Letters("boo")


class Amount(float):
    """A number that cannot be weighed beside others."""

    def __neg__(self) -> float:
        raise ValueError("neither more nor less")


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (raising(Failure("boo")), "policy p v1 raised Failure: boo"),
        (raising(Mute()), "policy p v1 raised Mute: a Mute"),
        (raising(Lettered()), "policy p v1 raised Lettered: boo"),
        (saying(Mute()), "policy p v1 expected to answer Allow, Deny or Escalate, got: a Mute"),
        (saying(Ask("human", 1.0, "later")), "policy p v1 raised OptionError: on_timeout: expected"),  # type: ignore[arg-type]
    ],
)
def test_why_a_policy_failed_is_told_whatever_its_objects_do(policy: Policy, why: str) -> None:
    decision = None
    with suppress(Exception):  # of a class without a name, it could not be reported either
        decision = decide([policy], Action("x"))
    assert decision is not None
    assert isinstance(decision.verdict, Deny)
    assert decision.verdict.reason.startswith(why)
    assert len(decision.failures) == 1


def test_of_the_words_of_a_verdict_only_the_letters_and_numbers_count() -> None:
    said = [saying(Escalate(Letters("human"), Amount(5.0))), saying(Escalate("b", 9.0))]
    decision = decide(said, Action("x"))
    assert isinstance(decision.verdict, Escalate)
    assert (type(decision.verdict.to), type(decision.verdict.deadline)) == (str, float)
    assert decision.verdict == Escalate("human", 5.0)
    denied = decide([saying(Deny(Letters("no")))], Action("x")).verdict
    assert f"{denied.reason}" == "no"  # type: ignore[union-attr]


def test_a_matrix_that_was_asked_answers_the_same_whatever_becomes_of_what_it_was_made_of() -> None:
    kinds = {"refund": Authority.NEVER}
    matrix = AuthorityMatrix(kinds)
    kinds["refund"] = Authority.AUTO
    assert isinstance(matrix.verdict(Action("refund")), Deny)
    assert isinstance(matrix.verdict(Action("other")), Deny)
    assert AuthorityMatrix({}, Authority.AUTO).verdict(Action("other")) == Allow()


FACTS = {"kind": ["refund", "mail"], "usd": [0, 49, 50, 1000]}


def test_a_finite_table_is_complete_and_the_same_every_time() -> None:
    rows = list(decision_table([REFUNDS], FACTS))
    assert len(rows) == 8
    assert not any(decision.failures for _, decision in rows)
    assert rows == list(decision_table([REFUNDS], FACTS))
    assert sum(decision.escalated for _, decision in rows) == 2


def test_a_table_shows_where_a_policy_fails() -> None:
    broken = Policy("broken", 1, lambda action, context: Allow() if 100 / action.usd > 1 else Deny("dear"))
    rows = list(decision_table([broken], FACTS))
    assert {action.usd for action, decision in rows if decision.failures} == {0}


def test_a_policy_cannot_change_what_it_decides_about() -> None:
    facts = {"usd": 10}
    action = Action("refund", facts)
    facts["usd"] = 1000
    assert action.usd == 10
    with pytest.raises(FrozenInstanceError):
        action.kind = "mail"  # type: ignore[misc]
    assert decide([Policy("p", 1, lambda a, c: a.facts.update(usd=0))], action).denied
    assert action.usd == 10


def test_the_authority_matrix_never_guesses() -> None:
    matrix = AuthorityMatrix({"mail": Authority.AUTO, "refund": Authority.ASK, "fire": Authority.NEVER})
    policy = matrix.policy(1)
    assert decide([policy], Action("mail")).allowed
    assert decide([policy], Action("refund")).verdict == Escalate("human")
    assert decide([policy], Action("fire")).denied
    assert decide([policy], Action("something new")).denied


def test_a_chain_of_questions_ends_in_the_sum_of_its_deadlines() -> None:
    verdict = Escalate("lead", 60, Escalate("owner", 600, Deny("nobody")))
    assert asked_in_turn(verdict) == ["lead", "owner"]
    assert time_to_verdict(verdict) == 660
    assert time_to_verdict(Allow()) == 0


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Deny(""), "reason"),
        (lambda: Escalate(""), "to"),
        (lambda: Escalate("human", deadline=0.0), "deadline"),
        (lambda: Escalate("human", deadline=inf), "deadline"),
        (lambda: Escalate("human", deadline=nan), "deadline"),
        (lambda: Escalate("human", on_timeout=None), "on_timeout"),  # type: ignore[arg-type]
        (lambda: Policy("", 1, refunds), "name"),
        (lambda: Policy("p", 0, refunds), "version"),
        (lambda: Policy("p", 1, None), "decide"),  # type: ignore[arg-type]
        (lambda: Policy("p", 1, refunds, tier=0), "tier"),  # type: ignore[arg-type]
        (lambda: Action(""), "kind"),
        (lambda: Action("x", {"kind": "y"}), "facts"),
        (lambda: Action("x", [1]), "facts"),  # type: ignore[arg-type]
        (lambda: AuthorityMatrix({"x": "auto"}), "kinds['x']"),  # type: ignore[dict-item]
        (lambda: AuthorityMatrix(None), "kinds"),  # type: ignore[arg-type]
        (lambda: AuthorityMatrix({}, "auto"), "otherwise"),  # type: ignore[arg-type]
        (lambda: decide([REFUNDS, refunds], Action("x")), "policies[1]"),  # type: ignore[list-item]
        (lambda: AuthorityMatrix({}, ask=Deny("x")), "ask"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
