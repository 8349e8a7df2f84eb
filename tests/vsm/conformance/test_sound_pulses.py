"""The suite waits for the rounds of a level, however long these are, and says what is missing after them."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from cybernetic.testing.vsm import conformance
from cybernetic.vsm import Port, ViableSystem, unit
from cybernetic.vsm import viable as room
from tests.vsm.conformance.test_sound import Front, Worker, elsewhere


class Two(ViableSystem):
    """Of two units."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}") for n in range(2)]


class Steady(Two):
    """In rounds of five seconds."""

    pulse = 5.0


class Slow(Two):
    """In rounds of ten."""

    pulse = 10.0


@pytest.mark.parametrize("cls", [Steady, Slow])
def test_a_level_of_long_rounds_is_not_asked_for_accounts_before_they_are_due(cls: Any) -> None:
    conformance(cls, only=["T-COH"]).check()


def test_who_is_elsewhere_has_as_many_rounds_to_be_heard_in() -> None:
    slow = type("Front", (Front,), {"pulse": 10.0, "__module__": __name__})  # the other end knows its name
    found = conformance(slow, before=elsewhere, only=["T-COH"])
    found.check()
    assert found.untried == ()


def _seen(monkeypatch: pytest.MonkeyPatch, change: Any) -> str:
    """What T-COH says where the accounts that a level shows are others than it has."""
    whole = room.status

    async def status(*args: Any) -> Any:
        found = await whole(*args)
        return replace(found, accounts=change(dict(found.accounts)))

    monkeypatch.setattr(room, "status", status)
    return conformance(Two, only=["T-COH"]).failures[0].why


def test_units_that_are_not_seen_from_above_are_named_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    why = _seen(monkeypatch, lambda accounts: {"two/w0": accounts["two/w0"]})
    assert (
        why
        == "found: of the units ['two/w0', 'two/w1'] these are missing after 3 rounds: {'accounts': ['two/w1']}"
    )


def test_what_is_seen_beside_the_units_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    why = _seen(monkeypatch, lambda accounts: accounts | {"two/w0/inner": accounts["two/w0"]})
    assert (
        why == "found: units are ['two/w0', 'two/w1']; beside these there are {'accounts': ['two/w0/inner']}"
    )
