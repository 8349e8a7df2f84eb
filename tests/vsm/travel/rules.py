"""Rules at the top level of a module, as a program has them."""

from dataclasses import dataclass
from typing import Any

from cybernetic.vsm import Allow, Deny, Escalate, Verdict
from cybernetic.wire import travels


def refunds(action: Any, context: Any) -> Verdict:
    """Refunds below 50 are allowed."""
    return Allow() if action.kind != "refund" or action.usd < 50 else Escalate("human")


def allows(action: Any, context: Any) -> Verdict:
    """Everything is allowed."""
    return Allow()


@travels(name="tests.Cap")
@dataclass(frozen=True)
class Cap:
    """A rule with a parameter: a value that can be called."""

    usd: float

    def __call__(self, action: Any, context: Any) -> Verdict:
        return Allow() if action.usd <= self.usd else Deny(f"more than {self.usd}")


class Desk:
    """Functions that stand where nobody finds them."""

    def rule(self, action: Any, context: Any) -> Verdict:
        return Allow()

    @staticmethod
    def fixed(action: Any, context: Any) -> Verdict:
        return Allow()
