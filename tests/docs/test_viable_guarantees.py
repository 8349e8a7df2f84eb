"""The invariants of the viable system: each stands on the page of guarantees, beside tests that exist."""

import re

from cybernetic.testing.vsm.invariants import INVARIANTS
from tests.architecture.tree import ROOT
from tests.docs.test_guarantees import PAGE, PROOF, REST, names_in

WORDS = """
S1-autonomy S1-local-first S1-evidence S1-stuck S2-no-authority S2-mutex S2-rate S2-crash S2-FAR S2-gain
S3-conserve S3-nested S3-sparing S3-expiry S3-overrun S3star-bypass S3star-unpredictable S3star-coverage S3star-delay
S4-model-of-self S4-premise S4-skill S4-calibration S5-closure S5-total S5-monotone S5-quiet S5-last-resort
ALG-bound ALG-local ALG-once ALG-alive ALG-rare CH-isolation VAR-signal P1 P2 P3 P4 A1 A2 A3 COH REC
"""
SPECIFIED = frozenset(f"T-{word}" for word in WORDS.split())
NAME = re.compile(r"\((T-[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)\)")
OF_THE_SUITE_ALONE = frozenset({"T-CH-topology", "T-SHAPE-alone", "T-SHAPE-whole"})


def section() -> str:
    """What the page says of the viable system."""
    return PAGE.read_text().partition("## The viable system\n")[2].partition(REST)[0]


def test_every_invariant_of_the_specification_is_promised_by_name() -> None:
    named = set(NAME.findall(section()))
    assert named >= SPECIFIED
    assert named - SPECIFIED <= OF_THE_SUITE_ALONE


def test_what_is_promised_of_it_is_proved_by_tests_that_exist() -> None:
    proofs = {m["test"] for m in PROOF.finditer(section())}
    assert len(proofs) > 40
    assert proofs <= names_in(ROOT / "tests")


def test_the_suite_asks_for_no_invariant_that_nobody_specified() -> None:
    assert {one.name for one in INVARIANTS} <= SPECIFIED | OF_THE_SUITE_ALONE


def test_the_guide_says_which_of_them_the_suite_asks_and_which_it_does_not() -> None:
    guide = (ROOT / "docs" / "viable.md").read_text()
    asked, _, others = guide.partition("What is asked, by the names of the specification:")[2].partition(
        "The others"
    )
    names = re.compile(r"`(T-[A-Za-z0-9-]+)`")
    assert set(names.findall(asked)) == {one.name for one in INVARIANTS}
    table = others.partition("\n\nA simulation")[0]
    assert set(names.findall(table)) == SPECIFIED - {one.name for one in INVARIANTS} - {"T-REC"}
