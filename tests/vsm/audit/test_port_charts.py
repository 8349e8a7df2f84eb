"""A port that several units use is judged by the audits of all of them."""

from typing import Any

from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.inspection.files import Files
from cybernetic.vsm.inspection.secret import Secret

UNITS = tuple(f"level/unit-{number}" for number in range(4))


class Shelf:
    """Books that keep nothing."""

    async def call(self, *args: Any) -> None:
        """Answer."""


def files() -> Files:
    return Files("level", Audit(), UNITS, Shelf(), Secret(b"s" * 32))  # type: ignore[arg-type]


async def test_false_successes_spread_over_units_alarm_by_the_port_they_were_done_with() -> None:
    found = files()
    alarms = [await found.judged(unit, True, frozenset({"kb"})) for unit in UNITS[:2]]
    assert alarms == [False, True]
    assert found.of(UNITS[1]).case == 0
    assert found.blamed(UNITS[1]) == ("kb",)


async def test_false_successes_by_different_ports_do_not() -> None:
    found = files()
    alarms = [await found.judged(unit, True, frozenset({f"port of {unit}"})) for unit in UNITS]
    assert alarms == [False] * len(UNITS)


async def test_a_port_alarms_once_and_not_at_every_audit_that_follows() -> None:
    found = files()
    alarms = [await found.judged(unit, True, frozenset({"kb"})) for unit in UNITS]
    assert alarms == [False, True, False, False]
