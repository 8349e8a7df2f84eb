"""The balance of systems 3 and 4 over a period, and what is wrong with it: what system 5 watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from statistics import median_high, median_low

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import band, entries, entry, instance, mapping, share
from cybernetic.vsm.homeostat.conversation import Side
from cybernetic.vsm.variety.entropy import effective_number


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one side raised and how the other answered, over a period.

    `issues` counts how often each distinct issue was raised (>= 0), `answers` are the seconds (>= 0) after
    which the other side answered, one for each that was answered. Raises `OptionError` when more was answered
    than raised.
    """

    issues: Mapping[str, int]
    answers: Sequence[float] = ()

    def __post_init__(self) -> None:
        for issue, count in mapping("issues", self.issues).items():
            number(entry("issues", issue), whole(entry("issues", issue), count))
        for at, wait in enumerate(instance("answers", self.answers, Sequence)):  # type: ignore[type-abstract]
            number(f"answers[{at}]", wait, least=0)
        if len(self.answers) > self.raised:
            raise OptionError("answers", f"at most {self.raised}, as many as were raised", len(self.answers))

    @property
    def raised(self) -> int:
        """How often anything was raised."""
        return sum(self.issues.values())

    @property
    def variety(self) -> float:
        """The number of distinct issues, weighed by entropy: ten alike and one other are little more than
        one.
        """
        return effective_number(self.issues) if self.raised else 0.0

    @property
    def answered(self) -> float:
        """The part of what was raised that was answered (0 to 1); 1 if nothing was raised."""
        return len(self.answers) / self.raised if self.raised else 1.0

    @property
    def wait(self) -> float:
        """The median seconds to an answer; 0 if there is none."""
        if not self.answers:
            return 0.0
        low, high = median_low(self.answers), median_high(self.answers)
        return float(low + (high - low) / 2)  # their sum could overflow


@dataclass(frozen=True, slots=True)
class Balance:
    """The indices of one period. Raises `OptionError`.

    `control` and `intelligence` are what systems 3 and 4 said to each other; `change_spend` and `run_spend`
    (>= 0) what went into changing and into running; `reallocations` (>= 0) in `hours` (> 0, and enough for so many to
    be a finite number an hour); `proposals` carried out and how many of them were `reversed` within their horizon.

    `sources` names, by field and for `regret`, the id of what each was measured at last, be it in a period before: a
    proposal, or, of what was spent, the call; what was never measured is not named.
    """

    control: Spoken
    intelligence: Spoken
    change_spend: float
    run_spend: float
    reallocations: int
    hours: float
    proposals: int = 0
    reversed: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("control", "intelligence"):
            instance(name, getattr(self, name), Spoken)
        number("change_spend", self.change_spend, least=0)
        number("run_spend", self.run_spend, least=0)
        moves = number("reallocations", whole("reallocations", self.reallocations))
        if moves / number("hours", self.hours, above=0) == inf:
            raise OptionError(
                "hours", f"hours in which {moves:g} reallocations are a finite rate", self.hours
            )
        if whole("reversed", self.reversed) > whole("proposals", self.proposals):
            raise OptionError("reversed", f"at most {self.proposals}, the proposals", self.reversed)
        mapping("sources", self.sources)

    @property
    def flow(self) -> float:
        """(v4 - v3) / (v4 + v3), -1 to 1: who brings up more. 0 is balance, and also silence."""
        v3, v4 = self.control.variety, self.intelligence.variety
        return (v4 - v3) / (v4 + v3) if v3 + v4 else 0.0

    @property
    def change_share(self) -> float:
        """The part of the spending that goes into change (0 to 1); 0 if nothing was spent."""
        change, run = self.change_spend, self.run_spend
        if change + run == inf:  # of halves the sum is a number
            change, run = change / 2, run / 2
        return change / (change + run) if change + run else 0.0

    @property
    def churn(self) -> float:
        """Reallocations an hour."""
        return self.reallocations / self.hours

    @property
    def regret(self) -> float:
        """The part of the proposals carried out that were reversed within their horizon; 0 if there were
        none.
        """
        return self.reversed / self.proposals if self.proposals else 0.0


@dataclass(frozen=True, slots=True)
class Bands:
    """What system 5 wants each balance index to stay within: pairs (low, high). Raises `OptionError`.

    `churn` is per hour; `answered` is the least part of what one side raises that the other must answer.
    """

    flow: tuple[float, float] = (-0.5, 0.5)
    change_share: tuple[float, float] = (0.05, 0.4)
    churn: tuple[float, float] = (0.0, 6.0)
    regret: tuple[float, float] = (0.0, 0.25)
    answered: float = 0.5

    def __post_init__(self) -> None:
        for name in ("flow", "change_share", "churn", "regret"):
            band(name, getattr(self, name))
        share("answered", self.answered)


@dataclass(frozen=True, slots=True)
class BandIndex:
    """One index of a balance, and the band (low, high) it should be within; `source` is the id of what it was measured
    at (see `Balance.sources`).
    """

    value: float
    low: float
    high: float
    source: str = ""

    @property
    def held(self) -> bool:
        """Whether it is."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True)
class Balanced:
    """How systems 3 and 4 of a level keep the balance.

    `running` is of the period that is under way (None: system 4 is silent), `last` of the last one in which they
    talked (None: there was none), `bands` what system 5 wants. Raises `OptionError`.
    """

    running: Balance | None
    last: Balance | None
    bands: Bands

    def __post_init__(self) -> None:
        for name in ("running", "last"):
            if getattr(self, name) is not None:
                instance(name, getattr(self, name), Balance)
        instance("bands", self.bands, Bands)

    @property
    def indices(self) -> dict[str, BandIndex]:
        """Each index against its band, of the running period, else of the last; empty where there is neither."""
        shown = self.running or self.last
        return {} if shown is None else indices(shown, self.bands)


_FROM = {  # of each index under which name its source is
    "flow": "intelligence",
    "change_share": "run_spend",
    "churn": "reallocations",
    "regret": "regret",
}


def indices(balance: Balance, bands: Bands) -> dict[str, BandIndex]:
    """Each index of a balance, by name, against its band.

    `answered` and `answer_time` (the median, seconds) are of what system 4 raised, `replied` and `reply_time` of what
    system 3 raised; what is too long for a time depends on the period, which `diagnose` knows. Raises `OptionError`.
    """
    instance("balance", balance, Balance)
    instance("bands", bands, Bands)
    found = {}
    for name, source in _FROM.items():
        low, high = getattr(bands, name)
        found[name] = BandIndex(getattr(balance, name), low, high, balance.sources.get(source, ""))
    three, four = balance.control, balance.intelligence
    said, raised = (balance.sources.get(side, "") for side in ("control", "intelligence"))
    return {
        **found,
        "answered": BandIndex(four.answered, bands.answered, 1.0, raised),
        "replied": BandIndex(three.answered, bands.answered, 1.0, said),
        "answer_time": BandIndex(four.wait, 0.0, inf, raised),
        "reply_time": BandIndex(three.wait, 0.0, inf, said),
    }


class Pathology(Enum):
    """What can be wrong between systems 3 and 4."""

    CONTROL_DOMINATES = "S3 dominates: the future is not answered, nothing is spent on it"
    INTELLIGENCE_DOMINATES = "S4 dominates: more is changed than can be borne"
    DECOUPLED = "decoupled: answers come too late to matter"
    FLOW = "one side brings up far more than the other"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The pathologies found, each with the indices that say so, as sentences. Raises `OptionError`."""

    findings: Mapping[Pathology, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pathology in entries("findings", self.findings, tuple):
            instance("findings", pathology, Pathology)

    @property
    def healthy(self) -> bool:
        """Whether nothing was found: then system 5 is quiet (T-S5-quiet)."""
        return not self.findings


def diagnose(balance: Balance, bands: Bands, period: float) -> Diagnosis:
    """What is wrong with a balance, by the thresholds of `bands`; `period` is the loop's, in seconds (> 0).

    System 3 dominates when it answers too little of what system 4 raises, or when change gets less than its
    band. System 4 dominates when churn or regret are above theirs, or it answers too little of what system 3 raises.
    They are decoupled when either side's median answer takes longer than a period. Raises `OptionError`.
    """
    instance("balance", balance, Balance)
    instance("bands", bands, Bands)
    number("period", period, above=0)
    findings: dict[Pathology, list[str]] = {}

    def check(pathology: Pathology, wrong: bool, why: str) -> None:
        if wrong:
            findings.setdefault(pathology, []).append(why)

    four, low_change = balance.intelligence, bands.change_share[0]
    check(
        Pathology.CONTROL_DOMINATES,
        four.answered < bands.answered,
        f"{four.answered:.0%} of what S4 raised was answered, expected {bands.answered:.0%}",
    )
    check(
        Pathology.CONTROL_DOMINATES,
        balance.change_share < low_change,
        f"{balance.change_share:.1%} is spent on change, expected {low_change:.1%}",
    )
    for name in ("churn", "regret"):
        value, most = getattr(balance, name), getattr(bands, name)[1]
        check(
            Pathology.INTELLIGENCE_DOMINATES,
            value > most,
            f"{name} is {value:.3g}, expected at most {most:.3g}",
        )
    check(
        Pathology.INTELLIGENCE_DOMINATES,
        balance.control.answered < bands.answered,
        f"{balance.control.answered:.0%} of what S3 raised was answered, expected {bands.answered:.0%}",
    )
    for side, spoken in ((Side.CONTROL, balance.control), (Side.INTELLIGENCE, four)):
        check(
            Pathology.DECOUPLED,
            spoken.wait > period,
            f"{side.value} waits {spoken.wait:.3g} s for an answer, expected at most {period:.3g} s",
        )
    low, high = bands.flow
    check(
        Pathology.FLOW,
        not low <= balance.flow <= high,
        f"flow is {balance.flow:.2f}, expected {low:g} to {high:g}",
    )
    return Diagnosis({pathology: tuple(why) for pathology, why in findings.items()})
