"""Systems whose limits, audits and policies do not hold are found out."""

from typing import Any, ClassVar

import pytest

from cybernetic.core import Refusal
from cybernetic.runtime import Agent
from cybernetic.testing.vsm import conformance
from cybernetic.vsm import Allow, Audit, Channel, Deny, Policy, Role
from cybernetic.vsm.control.overruns import Overruns
from cybernetic.vsm.decisions.question import Question
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.ports.orders import Orders
from cybernetic.vsm.ports.pacing import Pacing
from cybernetic.vsm.ports.proofs import Proofs
from cybernetic.vsm.ports.till import Till
from tests.vsm.conformance.found import holds, why
from tests.vsm.conformance.test_sound import Audited
from tests.vsm.living.company import Company


async def _nothing(self: Any, *args: Any, **keywords: Any) -> None:
    """It is not done."""


# Ports.


def test_a_unit_that_may_go_round_in_circles_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds("T-S1-stuck")
    monkeypatch.setattr(Proofs, "guard", lambda self, ask, repeats: None)
    assert "call 6 through 'paced' is let in, where 5 are a loop" in why("T-S1-stuck")


def test_units_that_do_not_wait_for_their_turn_at_a_paced_port_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conformance(Company, only=["T-S2-rate"]).check()
    monkeypatch.setattr(Pacing, "wait", _nothing)
    assert "calls at once through 'paced'" in why("T-S2-rate")


def test_what_is_taken_beyond_bounds_and_not_counted_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds("T-S3-overrun")
    monkeypatch.setattr(Till, "settle", _nothing)
    assert "is counted" in why("T-S3-overrun")


def test_what_is_taken_beyond_bounds_and_stops_nobody_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Till, "reserve", _unbounded)
    assert "may make the next call" in why("T-S3-overrun")


async def _unbounded(self: Any, ask: Any, port: Any, *, waits: bool = False) -> tuple[str, int]:
    """Never refused: where there is no more, nothing is set aside."""
    whole: Any = RESERVE
    if self.overrun():
        return f"{self._path}#beyond", 0
    found: tuple[str, int] = await whole(self, ask, port, waits=waits)
    return found


RESERVE = Till.reserve


def test_what_is_taken_beyond_bounds_and_nobody_answers_for_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cybernetic.testing.vsm.invariants.limits.ANSWERED", 10)
    monkeypatch.setattr(Overruns, "take", _nothing)
    assert "system 3 has not noted it" in why("T-S3-overrun")


# Audits.


def test_an_audit_that_goes_by_way_of_the_management_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds("T-S3star-bypass", Audited, 2)
    whole = Auditor.ask

    async def ask(self: Any, channel: Any, role: Role, body: Any, path: Any = None, **keywords: Any) -> Any:
        """What is asked of a unit's ports its management has to let in."""
        if channel is Channel.AUDIT and role is Role.PORTER:
            manager = self.system.whereis(f"{path}:management", Agent)
            if manager is None or manager.inspect().info().status == "suspended":
                raise Refusal("nobody lets it in")
        return await whole(self, channel, role, body, path, **keywords)

    monkeypatch.setattr(Auditor, "ask", ask)
    assert "nobody sees what it did" in why("T-S3star-bypass", Audited, 2)


class Inspected(Company):
    """Where system 3* looks at units, and at no task."""

    audit = Audit(every=60.0, inspect=lambda state: True)


def test_where_nothing_verifies_what_was_done_no_audit_of_it_is_asked_for() -> None:
    found = conformance(Inspected, only=["T-S3star-bypass"])
    assert [one.untried for one in found.found] == ["nothing is audited there"] * 2


# Policies.


class Ruled(Company):
    """With policies: nothing dear, and nothing that nobody has heard of."""

    policies: ClassVar[Any] = (Policy("cheap", 1, lambda action, context: _cheap(action)),)


def _cheap(action: Any) -> Any:
    return Deny("too dear") if action.facts.get("usd", 0) > 10 else Allow()


THROWN: list[int] = []


def _dice(action: Any, context: Any) -> Any:
    THROWN.append(1)
    return Allow() if len(THROWN) % 2 else Deny("bad luck")


class Gambling(Company):
    """Decides by chance."""

    policies: ClassVar[Any] = (Policy("dice", 1, _dice),)


def test_policies_that_say_now_this_and_now_that_are_found_out() -> None:
    holds("T-S5-total", Ruled)
    assert "decided in one way and then in another" in why("T-S5-total", Gambling)


def test_ports_that_do_not_go_by_the_policies_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Orders, "decide", lambda self, action: None)
    assert "cheap v1 denies paced of 1e+06 usd, and there is leave for it" in why("T-S5-total", Ruled)


def test_silence_that_is_leave_or_comes_too_early_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holds("T-S5-last-resort")
    whole = Question._lapsed
    monkeypatch.setattr(Question, "_lapsed", lambda self: _allowed(whole(self)))
    assert "silence was leave" in why("T-S5-last-resort")
    monkeypatch.setattr(Question, "_lapsed", whole)
    monkeypatch.setattr(Question, "due", property(lambda self: self.asked))
    assert "of 5 to answer in" in why("T-S5-last-resort")


def _allowed(question: Any) -> Any:
    object.__setattr__(question, "verdict", Allow())
    return question


class Closed(Company):
    """Nothing that nobody has heard of."""

    policies: ClassVar[Any] = (Policy("known", 1, lambda action, context: _known(action)),)


def _known(action: Any) -> Any:
    return Allow() if action.kind in Company.ports else Deny("not known")


def test_a_system_whose_policies_deny_what_they_do_not_know_is_not_asked_for_silence() -> None:
    found = conformance(Closed, only=["T-S5-last-resort"])
    assert all("its policies decide what they do not know" in one.untried for one in found.found)
