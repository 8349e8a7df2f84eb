"""Times that run backwards, or are none: refused by name, also where nothing would have come of them."""

from collections.abc import Callable
from math import nan

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.audit import AuditRecord, DiscrepancyCusum, Standing, VerifierHealth
from cybernetic.vsm.damping.meter import Meter
from cybernetic.vsm.damping.work import Work
from cybernetic.vsm.variety import Absorber, VarietyLedger

NEVER = AuditRecord()
ALARM = AuditRecord(work=DiscrepancyCusum(score=9.0), last=5.0)
SUSPECT = AuditRecord(verifier=VerifierHealth(suspect=True), last=5.0)
CLOSED = VarietyLedger().enter("1", "k", 1.0).close("1", Absorber.CONTROL, 2.0)


@pytest.mark.parametrize(
    "act",
    [
        lambda: NEVER.standing(nan, 1.0),
        lambda: NEVER.standing("x", 1.0),  # type: ignore[arg-type]
        lambda: ALARM.standing(nan, 1.0),
        lambda: ALARM.standing(4.0, 1.0),
        lambda: SUSPECT.standing(4.0, 1.0),
        lambda: CLOSED.close("1", Absorber.CONTROL, nan),
        lambda: CLOSED.close("1", Absorber.CONTROL, 0.5),
        lambda: Meter().after(10.0).after(1.0),
        lambda: Work().began("a", 10.0).began("b", 1.0),
    ],
)
def test_a_time_that_cannot_be_is_refused(act: Callable[[], object]) -> None:
    with pytest.raises(OptionError, match=r"^now: expected "):
        act()


def test_what_came_again_in_time_changes_nothing() -> None:
    assert CLOSED.close("1", Absorber.CONTROL, 1.5) is CLOSED
    assert ALARM.standing(5.0, 1.0) is Standing.DISCREPANT
