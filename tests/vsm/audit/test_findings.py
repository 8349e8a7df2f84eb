"""Findings, the standing of a unit, the POSIWID gap, and the declaration of it all."""

from math import inf, log2, nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import OptionError
from cybernetic.vsm.audit import (
    Account,
    Audit,
    AuditFinding,
    AuditRecord,
    CusumDesign,
    Standing,
    VerifierHealth,
    posiwid,
)

DAY = 86_400.0


@pytest.mark.parametrize(
    ("reported", "verified", "discrepant", "commendable"),
    [
        (Account(True), Account(True), False, False),
        (Account(True), Account(False), True, False),
        (Account(False), Account(True), False, True),
        (Account(False), Account(False), False, False),
        (Account(True, cost=5.0), Account(True, cost=3.0), False, True),
        (Account(True, cost=5.0), Account(False, cost=3.0), True, False),
    ],
)
def test_a_finding_is_discrepant_commendable_or_neither(
    reported: Account, verified: Account, discrepant: bool, commendable: bool
) -> None:
    finding = AuditFinding("task", "acme", reported, verified)
    assert (finding.discrepant, finding.commendable) == (discrepant, commendable)


def test_gaps_are_signed() -> None:
    finding = AuditFinding("task", "acme", Account(True, 1.0, 5.0), Account(True, 3.0, 2.0))
    assert (finding.cost_gap, finding.seconds_gap) == (2.0, -3.0)


def test_a_unit_nobody_audited_is_never_green() -> None:
    assert AuditRecord().standing(0.0, DAY) is Standing.UNAUDITED


def test_a_dead_audit_turns_green_into_unaudited() -> None:
    record = AuditRecord().after(False, 10.0)
    assert record.standing(10.0 + DAY, DAY) is Standing.CLEAN
    assert record.standing(10.1 + DAY, DAY) is Standing.UNAUDITED


def test_a_liar_is_found_and_stays_found() -> None:
    record = AuditRecord()
    for at in range(3):
        record = record.after(True, float(at))
    assert record.standing(1e9, DAY) is Standing.DISCREPANT
    assert record.gap == 1.0


def test_a_verifier_that_fails_its_canaries_is_suspected_before_the_unit() -> None:
    record = AuditRecord().after(True, 0.0).after(True, 1.0).after(True, 2.0)
    for _ in range(2):
        record = record.after_canary(False)
    assert record.standing(2.0, DAY) is Standing.VERIFIER_SUSPECT


@given(st.lists(st.booleans(), max_size=60))
def test_a_record_and_a_verifiers_health_judge_canaries_by_one_rule(right: list[bool]) -> None:
    record, health = AuditRecord().after(False, 0.0), VerifierHealth()
    for one in right:
        record, health = record.after_canary(one), health.after_canary(one)
        assert record.verifier == health
        suspected = record.standing(0.0, DAY) is Standing.VERIFIER_SUSPECT
        assert suspected == health.suspect


def test_a_verifier_is_believed_again_after_as_many_right_answers_whatever_it_failed_before() -> None:
    needed = []
    for failed in (2, 50):
        health, right = VerifierHealth(), 0
        for _ in range(failed):
            health = health.after_canary(False)
        while health.suspect:
            health, right = health.after_canary(True), right + 1
        needed.append(right)
    assert needed == [23, 23]


def test_a_verifier_is_suspect_until_both_its_scores_are_back_at_nothing() -> None:
    health = VerifierHealth().after_canary(False).after_canary(False)
    assert health.suspect
    for _ in range(22):
        health = health.after_canary(True)
        assert not health.canaries.alarm
        assert health.suspect
    assert health.after_try(True).after_canary(True).suspect  # it failed, though that alone is no alarm
    assert not health.after_canary(True).suspect


def test_a_verifier_that_is_right_is_not_suspected() -> None:
    record = AuditRecord().after(False, 0.0)
    for _ in range(500):
        record = record.after_canary(True)
    assert record.standing(0.0, DAY) is Standing.CLEAN


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_the_gap_is_the_mean_until_memory_is_full(audits: list[bool]) -> None:
    record = AuditRecord()
    for discrepant in audits:
        record = record.after(discrepant, 0.0)
    assert record.gap == pytest.approx(sum(audits) / len(audits))


def test_the_gap_forgets() -> None:
    record = AuditRecord(memory=10.0)
    for discrepant in [True] * 50 + [False] * 50:
        record = record.after(discrepant, 0.0)
    assert record.gap < 0.01


def test_posiwid_with_next_to_no_slack() -> None:
    gap = posiwid({"answer": 1.0}, {"look busy": 1.0}, slack=5e-324)
    assert gap.bits == 1075.0  # 2**-1074, spread over two


def test_posiwid_golden() -> None:
    gap = posiwid({"answer": 0.5, "learn": 0.5}, {"answer": 0.75, "learn": 0.25}, slack=1e-9)
    expected = 0.75 * log2(1.5) + 0.25 * log2(0.5)
    assert gap.bits == pytest.approx(expected, abs=1e-8)
    assert [name for name, _ in gap.parts] == ["answer", "learn"]


def test_what_was_never_chartered_shows_first() -> None:
    gap = posiwid({"answer": 9.0, "learn": 1.0}, {"answer": 6.0, "learn": 1.0, "look busy": 3.0})
    assert gap.parts[0][0] == "look busy"
    assert gap.bits > 1


WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1e9), min_size=1).filter(
    lambda weights: sum(weights.values()) > 0
)


@given(WEIGHTS, WEIGHTS, st.floats(0.001, 0.5))
def test_the_gap_is_never_negative_and_nearly_zero_for_what_was_chartered(
    chartered: dict[str, float], actual: dict[str, float], slack: float
) -> None:
    gap = posiwid(chartered, actual, slack)
    assert 0 <= gap.bits < inf
    assert sum(part for _, part in gap.parts) == pytest.approx(gap.bits, abs=1e-9)
    assert posiwid(chartered, chartered, slack).bits <= -log2(1 - slack) + 1e-12


def test_the_declaration_of_the_design_page_is_accepted() -> None:
    audit = Audit(probability=0.05, verify=print, independent_of="llm", budget_share=0.05)
    assert audit.design == CusumDesign(0.02, 0.15, 3.89)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Account(1), "good"),  # type: ignore[arg-type]
        (lambda: Account(True, cost=-1.0), "cost"),
        (lambda: Account(True, seconds=nan), "seconds"),
        (lambda: AuditFinding("", "acme", Account(True), Account(True)), "task"),
        (lambda: AuditFinding("t", "", Account(True), Account(True)), "path"),
        (lambda: AuditFinding("t", "a", True, Account(True)), "reported"),  # type: ignore[arg-type]
        (lambda: AuditRecord(memory=0.5), "memory"),
        (lambda: AuditRecord().after(False, nan), "now"),
        (lambda: AuditRecord().after(False, 5.0).after(False, 4.0), "now"),
        (lambda: AuditRecord().after_canary(None), "right"),  # type: ignore[arg-type]
        (lambda: AuditRecord().standing(0.0, 0.0), "max_age"),
        (lambda: posiwid({}, {"a": 1.0}), "chartered"),
        (lambda: posiwid({"a": 1.0}, {"a": 0.0}), "actual"),
        (lambda: posiwid({"a": nan}, {"a": 1.0}), "chartered['a']"),
        (lambda: posiwid({"a": 1.0}, {"a": -1.0}), "actual['a']"),
        (lambda: posiwid({"a": 1.0}, {"a": 1.0}, slack=0.0), "slack"),
        (lambda: Audit(probability=nan), "probability"),
        (lambda: Audit(probability=1.5), "probability"),
        (lambda: Audit(budget_share=-0.1), "budget_share"),
        (lambda: Audit(verify="kb"), "verify"),  # type: ignore[arg-type]
        (lambda: Audit(independent_of=""), "independent_of"),
        (lambda: Audit(design=3.89), "design"),  # type: ignore[arg-type]
        (lambda: Audit(max_age=0.0), "max_age"),
        (lambda: Audit(secret=b"x"), "secret"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name
