"""What a viable system declares about its audits: how much is audited, by whom, and what is an alarm."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cybernetic.core import OptionError, number
from cybernetic.vsm.audit.cusum import CusumDesign
from cybernetic.vsm.checks import share, word


@dataclass(frozen=True, slots=True)
class Audit:
    """A declaration of sporadic audit (system 3*), as a viable system carries it.

    `probability` (0 to 1) is the chance that a completed task is audited, before risk and gap raise it.
    `verify` re-derives an outcome on a path of its own; None: nothing can verify, and the level shows
    "unaudited". `independent_of` names the port the verifier must not use (an auditor is not the model it
    audits). `budget_share` (0 to 1) is the part of the level's grant that audits may spend. `kappa` (>= 0) is
    how strongly a unit's gap between reported and audited raises its probability. `design` says when
    discrepancies alarm. `max_age` (seconds) is how long an audit keeps a unit's standing from falling back to
    "unaudited".

    Raises `OptionError` for an impossible value.
    """

    probability: float = 0.05
    verify: Callable[..., Any] | None = None
    independent_of: str | None = None
    budget_share: float = 0.05
    kappa: float = 10.0
    design: CusumDesign = field(default_factory=CusumDesign)
    max_age: float = 86_400.0

    def __post_init__(self) -> None:
        share("probability", self.probability)
        share("budget_share", self.budget_share)
        number("kappa", self.kappa, least=0)
        number("max_age", self.max_age, above=0)
        if self.verify is not None and not callable(self.verify):
            raise OptionError("verify", "a function or None", self.verify)
        if self.independent_of is not None:
            word("independent_of", self.independent_of)
        if not isinstance(self.design, CusumDesign):
            raise OptionError("design", "a CusumDesign", self.design)
