"""The scoreboard says what was won, tied and lost; a claim that does not hold says what was wanted."""

from dataclasses import replace
from math import inf
from pathlib import Path

from cybernetic.apps.demo.claims import Claim, judged
from cybernetic.apps.demo.frames import Score
from cybernetic.apps.demo.screen.board import board, claimed
from cybernetic.observe import Look
from tests.apps.demo_screen.sample import score
from tests.observe.golden import same

HERE = Path(__file__).parent
SCORES = {arm: score(arm, 3600.0) for arm in ("plain", "gateway", "viable")}


def _told(scores: dict[str, Score]) -> dict[str, list[str]]:
    lines = [line.plain for line in board(scores, Look())]
    return {line[:36].strip(): line[36:].split() for line in lines}


def test_it_looks_as_it_should() -> None:
    same(HERE, "board", "\n".join(line.plain for line in board(SCORES, Look())))


def test_what_was_won_tied_and_lost_is_said() -> None:
    scores = {
        "plain": Score(lost=9, wrong=4, lines=100),
        "gateway": Score(lost=5, wrong=4, lines=120),
        "viable": Score(lost=1, wrong=4, lines=300),
    }
    told = _told(scores)
    assert told["customers lost"] == ["9", "5", "1", "won"]
    assert told["wrong answers shipped"] == ["4", "4", "4", "tied"]
    assert told["lines of user code"] == ["100", "120", "300", "lost"]


def test_who_was_lost_from_the_outage_on_has_a_line_of_its_own() -> None:
    lines = [line.plain for line in board(SCORES, Look(), outage={"plain": 31, "gateway": 15, "viable": 21})]
    assert " ".join(lines[2].split()) == "customers lost, 9 min from an outage 31 15 21 lost"


def test_the_longest_claims_fit_into_a_line() -> None:
    many = Score(lost=294, peak=132, p95=1398.0, failed=0)
    scores = {"plain": replace(many, p95=inf), "gateway": many, "viable": many}
    lines = [line.plain for line in claimed(judged(7, scores), Look())]
    assert [line for line in lines if "…" in line] == []


def test_the_best_are_bold() -> None:
    (line,) = [one for one in board(SCORES, Look()) if one.plain.startswith("customers lost")]
    bold = [line.plain[part.start : part.end].strip() for part in line.spans if str(part.style) == "bold"]
    assert bold == ["3"]


def test_a_claim_has_a_tick_and_what_came_of_it() -> None:
    (line,) = claimed([Claim("nobody is failed", "0 failed", "0 failed", True)], Look())
    assert line.plain.rstrip() == "✓ nobody is failed: 0 failed"


def test_a_claim_that_does_not_hold_says_what_was_wanted() -> None:
    lines = claimed([Claim("nobody is failed", "0 failed", "3 failed", False)], Look(unicode=False))
    assert [line.plain.rstrip() for line in lines] == ["X nobody is failed: 3 failed", "  wanted: 0 failed"]
