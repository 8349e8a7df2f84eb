"""What a viable system declares about its audits: how much is audited, by whom, and what is an alarm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cybernetic.core import OptionError, number
from cybernetic.vsm.audit.canary import Canary
from cybernetic.vsm.audit.cusum import CusumDesign
from cybernetic.vsm.audit.sampling import Sampler
from cybernetic.vsm.checks import instance, share, word


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

    `verify(evidence)` or `verify(evidence, use)`, sync or async, gives whether the task was really done well: a bool,
    or an `Account`. What it meets the environment with is `use`, which works as an operation's does, is paid out of
    `budget_share`, and refuses the port of `independent_of`. After `patience` seconds (> 0) it is given up. `canaries`
    are tasks whose answer is known: a verifier that fails them is not believed.

    `every` (seconds, > 0; None: never) is the mean time between two surprise inspections of a unit, at times that
    nobody can foresee; `inspect(state)` or `inspect(state, use)` says whether what an inspection found (an
    `Inspected`) is as it should be. `drift` (bits, > 0) is how far what a unit does may be from what its operation is
    chartered for, before it hurts.

    `secret` decides, with the ids of tasks, which of them are audited; None: one that nobody knows, and in a simulated
    run one by its seed. No text shows it.

    Raises `OptionError` for an impossible value.
    """

    probability: float = 0.05
    verify: Callable[..., Any] | None = None
    independent_of: str | None = None
    budget_share: float = 0.05
    kappa: float = 10.0
    design: CusumDesign = field(default_factory=CusumDesign)
    max_age: float = 86_400.0
    patience: float = 60.0
    canaries: Sequence[Canary] = ()
    every: float | None = None
    inspect: Callable[..., Any] | None = None
    drift: float = 0.5
    secret: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        share("probability", self.probability)
        share("budget_share", self.budget_share)
        number("kappa", self.kappa, least=0)
        number("max_age", self.max_age, above=0)
        number("patience", self.patience, above=0)
        number("drift", self.drift, above=0)
        if self.every is not None:
            number("every", self.every, above=0)
        for name in ("verify", "inspect"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise OptionError(name, "a function or None", getattr(self, name))
        for canary in instance("canaries", self.canaries, Sequence):  # type: ignore[type-abstract]
            if not isinstance(canary, Canary):
                raise OptionError("canaries", "values of Canary", self.canaries)
        if self.secret is not None:
            Sampler(self.secret)
        if self.independent_of is not None:
            word("independent_of", self.independent_of)
        instance("design", self.design, CusumDesign)
