"""A policy: a named, versioned, pure function from an action and its context to a verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cybernetic.core import OptionError, whole
from cybernetic.vsm.checks import instance, is_async, word
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Verdict, plain

Decide = Callable[[Any, Any], Verdict]
"""The function of a policy: `decide(action, context)`, pure and total."""


class Tier(IntEnum):
    """What a policy protects; of equally strict verdicts that of the first tier is the one that is given."""

    INVARIANT = 0
    REQUIREMENT = 1
    VIABILITY = 2
    TARGET = 3
    IMPROVEMENT = 4


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of system 5. `decide(action, context)` is pure and total, and answers with a `Verdict`.

    `name` says which rule it is, `version` (>= 1) which wording of it: the same input under the same version
    gets the same verdict. `tier` orders reasons, not strength: a denial of any tier stands. Raises
    `OptionError`.
    """

    name: str
    version: int
    decide: Decide
    tier: Tier = Tier.REQUIREMENT

    def __post_init__(self) -> None:
        word("name", self.name)
        whole("version", self.version, least=1)
        if not callable(self.decide):
            raise OptionError("decide", "a function of (action, context)", self.decide)
        if is_async(self.decide):
            raise OptionError("decide", "a function that answers at once, not one with `async`", self.decide)
        instance("tier", self.tier, Tier)

    @property
    def label(self) -> str:
        """Name and version, as decisions quote them: "refunds v3"."""
        return f"{self.name} v{self.version}"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one policy said: its `policy` label, tier and verdict. `failed`: it raised or did not answer
    properly.
    """

    policy: str
    tier: Tier
    verdict: Verdict
    failed: bool = False


def allow_all(action: Any, context: Any) -> Verdict:
    """Allows whatever is asked."""
    return Allow()


NO_RULES = Policy("no rules", 1, allow_all, Tier.IMPROVEMENT)
"""The policy of a system that wants no rules: it allows everything, and any denial beside it still stands.

`decide` without any policy denies; a system that declares none is given this one, so that it says so in each decision.
"""


def opinion_of(policy: Policy, action: Any, context: Any) -> Opinion:
    """What a policy says, whatever happens: an exception or an answer that is no verdict is a denial (fail
    closed).

    Never raises, save an interrupt from the keyboard, and `OptionError` for what is no policy. A function that answers
    at once is not cancelled from outside: a cancellation is its own, and denies.
    """
    instance("policy", policy, Policy)
    try:
        said: object = policy.decide(action, context)
        verdict = plain(said)  # asks the verdict, which may raise as well
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # any failure of a policy must deny, so nothing narrower will do
        return _failed(policy, f"raised {_name(error)}: {_text(error)}")
    if verdict is None:
        return _failed(policy, f"expected to answer Allow, Deny or Escalate, got: {_text(said)}")
    return Opinion(policy.label, policy.tier, verdict)


def _failed(policy: Policy, why: str) -> Opinion:
    return Opinion(policy.label, policy.tier, Deny(f"policy {policy.label} {why}"), failed=True)


def _text(value: object) -> str:
    """A short description of a value, also of one that cannot describe itself."""
    try:
        return str.__str__(str(value) if isinstance(value, BaseException) else repr(value))[:200]
    except KeyboardInterrupt:
        raise
    except BaseException:  # a policy's own objects may do anything
        return f"a {_name(value)}"


def _name(value: object) -> str:
    """The name of its class, whatever a metaclass answers for it."""
    return str.__str__(_TRUE_NAME(type(value)))


_TRUE_NAME = type.__dict__["__name__"].__get__
