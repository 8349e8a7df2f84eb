"""The homeostat: two parties and a variable that both live by; who cannot hold it tries another behaviour.

Ultrastability after W. R. Ashby, "Design for a Brain" (1952): out of limits for long enough, the parameters
change by a step of chance; what holds the variable is kept, because nothing changes it any more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cybernetic.core import Chance, OptionError, number, whole
from cybernetic.vsm.checks import band, instance, word


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a homeostat: a `name`, the `settings` its behaviour can have (finite numbers, at least
    one), which of them it has now (`chosen`, an index), and `respond(setting, variable)`, what it then
    does about the variable.

    Raises `OptionError`.
    """

    name: str
    settings: tuple[float, ...]
    respond: Callable[[float, float], float]
    chosen: int = 0

    def __post_init__(self) -> None:
        word("name", self.name)
        if not isinstance(self.settings, tuple) or not self.settings:
            raise OptionError("settings", "a tuple of at least one number", self.settings)
        for at, setting in enumerate(self.settings):
            number(f"settings[{at}]", setting)
        if whole("chosen", self.chosen) >= len(self.settings):
            raise OptionError("chosen", f"an index below {len(self.settings)}", self.chosen)
        if not callable(self.respond):
            raise OptionError("respond", "a function of (setting, variable)", self.respond)

    @property
    def setting(self) -> float:
        """The setting in force."""
        return self.settings[self.chosen]

    def response(self, variable: float) -> float:
        """What this party does about the variable (finite). Raises `OptionError`, also when what it does is not a
        finite number.
        """
        number("variable", variable)
        return number(f"response of {self.name!r}", self.respond(self.setting, variable))


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step of chance: in which `period`, at what value of the variable, from which settings to which."""

    period: int
    variable: float
    before: tuple[float, float]
    after: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Homeostat:
    """Two parties and the `limits` (low, high) of an essential variable. Values in, values out: `after`
    returns the next.

    When the variable was out of limits for `patience` periods in a row (>= 1), both parties' settings are
    drawn anew, at least one of them differently. That is bounded: at most `most` changes (>= 0) in a bout,
    which ends once the variable stayed within limits for `patience` periods; then the homeostat is
    `exhausted` and waits for help. `name` keys the chance. State: `period`, `outside` and `inside` (periods
    in a row), `bout` (changes in it), and a `log` of the latest `keep` changes (>= 1). Raises `OptionError`.
    """

    name: str
    limits: tuple[float, float]
    left: Party
    right: Party
    patience: int = 3
    most: int = 50
    keep: int = 100
    period: int = 0
    outside: int = 0
    inside: int = 0
    bout: int = 0
    log: tuple[StepChange, ...] = field(default=())

    def __post_init__(self) -> None:
        word("name", self.name)
        band("limits", self.limits)
        whole("patience", self.patience, least=1)
        whole("most", self.most)
        whole("keep", self.keep, least=1)
        for name in ("period", "outside", "inside", "bout"):
            whole(name, getattr(self, name))
        for side in ("left", "right"):
            instance(side, getattr(self, side), Party)
        instance("log", self.log, tuple)

    @property
    def stable(self) -> bool:
        """Whether the variable has been within its limits for `patience` periods."""
        return self.inside >= self.patience

    @property
    def exhausted(self) -> bool:
        """Whether the variable is out of limits and no change is left to try: a pain for whoever is above."""
        return self.outside >= self.patience and self._tried

    @property
    def _tried(self) -> bool:
        """Whether no change is left: as many were made as may be, or there is no other behaviour at all."""
        return self.bout >= self.most or len(self.left.settings) * len(self.right.settings) == 1

    def responses(self, variable: float) -> tuple[float, float]:
        """What the left and the right party do about the variable. Raises `OptionError`."""
        return self.left.response(variable), self.right.response(variable)

    def after(self, variable: float, chance: Chance) -> "Homeostat":
        """The homeostat after a period that ended with this value of the variable (finite).

        `chance` is asked under keys made of the name, the party and the period, so the same run is had again
        from the same seed. Raises `OptionError`.
        """
        instance("chance", chance, Chance)
        low, high = self.limits
        held = low <= number("variable", variable) <= high
        inside, outside = (self.inside + 1, 0) if held else (0, self.outside + 1)
        following = replace(
            self,
            period=self.period + 1,
            inside=inside,
            outside=outside,
            bout=0 if inside >= self.patience else self.bout,
        )
        if outside < self.patience or self._tried:
            return following
        return following._stepped(variable, chance)

    def _stepped(self, variable: float, chance: Chance) -> "Homeostat":
        left, right = self._drawn(chance)
        change = StepChange(
            self.period, variable, (self.left.setting, self.right.setting), (left.setting, right.setting)
        )
        log = (*self.log, change)[-self.keep :]
        return replace(self, left=left, right=right, outside=0, bout=self.bout + 1, log=log)

    def _drawn(self, chance: Chance) -> tuple[Party, Party]:
        """Any pair of settings but the present one, each equally likely."""
        wide = len(self.right.settings)
        others = len(self.left.settings) * wide - 1
        pick = int(chance.uniform("homeostat", self.name, self.period) * others)
        pick += pick >= self.left.chosen * wide + self.right.chosen
        return replace(self.left, chosen=pick // wide), replace(self.right, chosen=pick % wide)
