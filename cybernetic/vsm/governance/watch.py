"""How system 5 watches systems 3 and 4: the bands it wants, the last balance, and what is tried when it is off."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cybernetic.core import Chance
from cybernetic.vsm.homeostat.balance import Balance, Bands, Pathology, diagnose
from cybernetic.vsm.homeostat.homeostat import Homeostat, StepChange
from cybernetic.vsm.homeostat.pair import homeostat, imbalance
from cybernetic.vsm.intelligence.messages import Temper
from cybernetic.vsm.ladder.signals import Severity
from cybernetic.wire import travels

BANDS = Bands(flow=(-1.0, 1.0), change_share=(0.0, 1.0))
"""Until somebody says more: what change costs is not counted, and system 3 need not bring up as much as system 4."""

HELPLESS = "balance: nothing helps"


def _hurt(pathology: Pathology) -> str:
    return f"balance: {pathology.name.lower()}"


HURTS = frozenset((HELPLESS, *map(_hurt, Pathology)))
"""All that may be felt of the balance."""


@travels(name="vsm.Kept")
@dataclass(frozen=True, slots=True)
class Kept:
    """What of a watch is kept in the books: the bands, and where the homeostat stands."""

    bands: Bands
    chosen: tuple[int, int] = (0, 0)
    periods: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a period came to: what is wrong, the step that was taken because of it, and whether there is none left."""

    findings: Mapping[Pathology, tuple[str, ...]] = field(default_factory=dict)
    step: StepChange | None = None
    helpless: bool = False

    @property
    def hurts(self) -> dict[str, Severity]:
        """What of it is felt, by index."""
        found = {_hurt(one): Severity.NOTICE for one in self.findings}
        return found | ({HELPLESS: Severity.ALERT} if self.helpless else {})


@dataclass(frozen=True, slots=True)
class Watch:
    """Values in, values out."""

    pair: Homeostat
    bands: Bands = BANDS
    balance: Balance | None = None

    @classmethod
    def of(cls, path: str, kept: Kept | None = None) -> "Watch":
        """That of a level, as it was kept."""
        pair = homeostat(path)
        if kept is None:
            return cls(pair)
        period, outside, inside, bout = kept.periods
        left, right = (
            replace(party, chosen=at) for party, at in zip((pair.left, pair.right), kept.chosen, strict=True)
        )
        pair = replace(pair, left=left, right=right, period=period, outside=outside, inside=inside, bout=bout)
        return cls(pair, kept.bands)

    @property
    def kept(self) -> Kept:
        """What is to be kept of it."""
        pair = self.pair
        chosen = pair.left.chosen, pair.right.chosen
        return Kept(self.bands, chosen, (pair.period, pair.outside, pair.inside, pair.bout))

    @property
    def temper(self) -> Temper:
        """How systems 3 and 4 are to go about it."""
        return Temper(self.pair.left.setting, self.pair.right.setting)

    def after(self, balance: Balance, period: float, chance: Chance) -> tuple["Watch", Seen]:
        """After a period of so many seconds in which they talked, and what is to be said of it."""
        pair = self.pair.after(imbalance(balance, self.bands), chance)
        step = pair.log[-1] if len(pair.log) > len(self.pair.log) else None
        findings = diagnose(balance, self.bands, period).findings
        return replace(self, pair=pair, balance=balance), Seen(findings, step, pair.exhausted)
