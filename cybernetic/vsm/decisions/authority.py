"""The authority matrix: which kinds of action are done at once, which need somebody's word, which never
happen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cybernetic.core import OptionError
from cybernetic.vsm.checks import entry, instance
from cybernetic.vsm.decisions.policy import Policy, Tier
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict


class Authority(Enum):
    """How much authority a unit has over a kind of action."""

    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


@dataclass(frozen=True)
class AuthorityMatrix:
    """Kinds of action to `Authority`; a kind that is not listed gets `otherwise`, which is never.

    `ask` is the escalation used for `ASK`. The kinds are copied. Raises `OptionError`.
    """

    kinds: Mapping[str, Authority]
    otherwise: Authority = Authority.NEVER
    ask: Escalate = field(default_factory=lambda: Escalate("human"))

    def __post_init__(self) -> None:
        if not isinstance(self.kinds, Mapping):
            raise OptionError("kinds", "a mapping of kinds of action to Authority", self.kinds)
        for kind, authority in self.kinds.items():
            instance(entry("kinds", kind), authority, Authority)
        instance("otherwise", self.otherwise, Authority)
        instance("ask", self.ask, Escalate)
        object.__setattr__(self, "kinds", dict(self.kinds))  # a copy: what was decided is decided so again

    def verdict(self, action: Any, context: Any = None) -> Verdict:
        """What the matrix says of an action, by its `kind`. `context` is not read. Raises `OptionError` for an action
        that has none.
        """
        if not isinstance(getattr(action, "kind", None), str):
            raise OptionError("action", "something with a `kind`", action)
        match self.kinds.get(action.kind, self.otherwise):
            case Authority.AUTO:
                return Allow()
            case Authority.ASK:
                return self.ask
            case _:
                return Deny(f"nobody has authority over {action.kind!r}")

    def __call__(self, action: Any, context: Any = None) -> Verdict:
        """The same as `verdict`: the matrix is the function of its own policy, which so travels with it."""
        return self.verdict(action, context)

    def policy(self, version: int, name: str = "authority", tier: Tier = Tier.REQUIREMENT) -> Policy:
        """The matrix as a policy. Raises `OptionError` as `Policy` does."""
        return Policy(name, version, self, tier)
