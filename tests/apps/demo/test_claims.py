"""The demo's claims: each is a pure function, and each can fail."""

from dataclasses import replace
from math import inf

import pytest

from cybernetic.apps.demo.claims import (
    AUDITS,
    BOUND,
    REFUSALS,
    STRAYS,
    claims,
    digest,
    judged,
    outage,
    rows,
    status,
)
from cybernetic.apps.demo.frames import ARMS, Banner, Frame, Line, Score
from cybernetic.apps.demo.world.plan import Plan

PLAN = Plan.draw(7)
PLAIN = Score(
    offered=100,
    done=80,
    lost=20,
    wrong=15,
    spent=300.0,
    budget=285.0,
    refused=90,
    p95=300.0,
    peak=40,
    human=170.0,
)
GOOD = Score(
    offered=100,
    done=97,
    lost=3,
    wrong=1,
    spent=240.0,
    budget=285.0,
    p95=200.0,
    peak=30,
    human=80.0,
    found=14,
    looked=14,
)
SCORES = {"plain": PLAIN, "gateway": PLAIN, "viable": GOOD}


def test_all_claims_hold_where_all_is_well() -> None:
    assert status(judged(7, SCORES)) == 0


@pytest.mark.parametrize(
    ("words", "worse"),
    [
        ("no job fails", {"failed": 1}),
        ("loses or misleads", {"lost": 35 + STRAYS}),
        ("loses or misleads", {"wrong": 33 + STRAYS}),
        ("hardly ever refuses", {"refused": REFUSALS + 1}),
        ("no more than it may", {"spent": 285.01}),
        ("lies", {"found": AUDITS + 1}),
        ("lies", {"found": None, "looked": AUDITS}),
        ("hangs", {"human": BOUND * 1.02}),
        ("hangs", {"human": inf}),
        ("95 of 100", {"p95": 0.71 * 300.0}),
        ("in the ramp no more wait", {"peak": 41}),
        ("for nothing", {"false_pages": 2}),
    ],
)
def test_each_claim_fails_where_what_it_says_is_not_so(words: str, worse: dict[str, object]) -> None:
    found = judged(7, {**SCORES, "viable": replace(GOOD, **worse)})  # type: ignore[arg-type]
    broken = [claim for claim in found if not claim.holds]
    assert [words in claim.text for claim in broken] == [True]
    assert broken[0].wanted
    assert broken[0].came
    assert status(found) == 1


def test_what_did_not_befall_is_not_asked_for() -> None:
    quiet = replace(GOOD, found=None, looked=0, human=None, p95=inf)
    assert all(claim.holds for claim in claims(Plan(1), {**SCORES, "viable": quiet}, BOUND))


def test_plain_agents_that_fail_jobs_are_not_compared_with_in_time() -> None:
    slow = {**SCORES, "plain": replace(PLAIN, failed=3), "viable": replace(GOOD, p95=inf)}
    assert all(claim.holds for claim in judged(7, slow))


def test_a_claim_against_plain_agents_tells_what_the_others_came_to() -> None:
    never = {**SCORES, "plain": replace(PLAIN, p95=inf), "gateway": replace(PLAIN, lost=2, peak=25)}
    came = [claim.came for claim in judged(7, never)]
    assert "4; plain 35, gateway 17" in came
    assert "30; plain 40, gateway 25" in came
    assert "200 s; plain never" in came


def _losing(arm: str, *losses: tuple[float, int]) -> list[Frame]:
    return [Frame(arm, at, Score(lost=lost)) for at, lost in losses]


def test_who_is_lost_from_the_outage_on_is_counted_for_nine_minutes() -> None:
    begins = PLAN.of("outage").at // 10 * 10  # type: ignore[union-attr]
    frames = {
        arm: _losing(arm, (begins - 10, 3), (begins, 4), (begins + 540, 9), (begins + 550, 30))
        for arm in ARMS
    }
    assert outage(7, frames) == dict.fromkeys(ARMS, 5)
    quiet = next(seed for seed in range(100) if Plan.draw(seed).quiet)
    assert outage(quiet, frames) is None


@pytest.mark.parametrize(
    ("lost", "verdict"), [((40, 16, 19), "tied"), ((40, 16, 20), "lost"), ((40, 16, 12), "won")]
)
def test_an_outage_is_tied_within_a_few_customers(lost: tuple[int, ...], verdict: str) -> None:
    second = rows(SCORES, dict(zip(ARMS, lost, strict=True)))[1]
    assert (second.name, second.verdict) == ("customers lost, 9 min from an outage", verdict)
    assert second.values == tuple(map(str, lost))
    assert len(rows(SCORES, dict.fromkeys(ARMS, 1))) == len(rows(SCORES)) + 1


def test_the_hash_is_of_the_other_futures_too() -> None:
    frame = Frame("viable", 10.0, GOOD)
    assert digest([frame], [GOOD]) != digest([frame], [replace(GOOD, lost=4)])
    assert digest([frame], [GOOD]) == digest([frame], [replace(GOOD, cpu=3.0)])


def test_the_scoreboard_says_what_is_won_tied_and_lost() -> None:
    board = {row.name: row for row in rows(SCORES)}
    assert board["customers lost"].verdict == "won"
    assert board["customers lost"].values == ("20", "20", "3")
    assert board["jobs failed"].verdict == "tied"
    assert board["jobs failed"].best == ARMS
    assert board["dollars spent"].verdict == ""
    worse = {row.name: row for row in rows({**SCORES, "viable": replace(GOOD, lost=30)})}
    assert worse["customers lost"].verdict == "lost"
    assert worse["customers lost"].best == ("plain", "gateway")


def test_the_hash_is_of_what_happened_and_not_of_the_machine() -> None:
    frame = Frame("viable", 10.0, GOOD)
    same = Frame("viable", 10.0, replace(GOOD, cpu=3.0, messages=9, lines=1), log=(Line(1.0, "desk", "x"),))
    assert digest([frame]) == digest([same])
    assert digest([frame]) == digest([replace(frame, score=replace(GOOD, spent=240.0 + 1e-9))])
    assert digest([frame]) != digest([replace(frame, score=replace(GOOD, spent=240.001))])


def test_a_frame_travels_as_a_line() -> None:
    frame = Frame(
        "viable",
        10.0,
        GOOD,
        (Banner(1.5, "incident", "lie", "it lies"),),
        (Line(2.0, "desk", "so"),),
        {"a": [1]},
        True,
    )
    line = frame.to_line()
    assert "\n" not in line
    assert Frame.of_line(line) == frame
    assert Frame.of_line(line).room == {"a": [1]}
    assert frame.banners[0].line == "00:01 it lies"


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"arm":"plain"}', "nonsense"])
def test_what_is_no_frame_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected a frame as a line of JSON"):
        Frame.of_line(line)
