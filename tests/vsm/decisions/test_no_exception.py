"""A policy that raises what is no `Exception` denies as well: nobody but itself can have meant that, save by a key."""

from asyncio import CancelledError
from typing import Any

import pytest

from cybernetic.vsm.decisions import Action, Deny, Policy, Verdict, decide


class Odd(BaseException):
    """It cannot be printed either."""

    def __str__(self) -> str:
        raise SystemExit(4)


class Unprintable:
    """No verdict, and it cannot be shown."""

    def __repr__(self) -> str:
        raise Odd


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SystemExit(3), "raised SystemExit: 3"),
        (CancelledError("its own"), "raised CancelledError: its own"),
        (Odd(), "raised Odd: a Odd"),
        (None, "expected to answer Allow, Deny or Escalate, got: a Unprintable"),
    ],
)
def test_what_is_no_exception_denies_and_is_named(error: BaseException | None, why: str) -> None:
    def policy(action: Any, context: Any) -> Verdict:
        if error is None:
            return Unprintable()  # type: ignore[return-value]
        raise error

    assert decide([Policy("p", 1, policy)], Action("x")).verdict == Deny(f"policy p v1 {why}")
