"""Who should look at a reading: the plan test beside the probability of change, with two thresholds each.

The filter alone adapts to small steps and slow drifts, which it ought to report; its level against plan
finds them, and still does not mind a spike.
"""

from dataclasses import dataclass
from enum import IntEnum

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance


class Attention(IntEnum):
    """How much attention an index asks for."""

    QUIET = 0
    NOTICE = 1  # to the unit itself, nobody else
    ALERT = 2  # starts the recovery clock


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where attention begins. The figures are probabilities of change, and standard deviations from plan.

    The defaults: with V known a |z| of 2.8 comes up once in some 2,000 data by chance, one of 3.5 once in
    some 42,000. `page_after`: for how many further data an alert has to stand before it may page a human.
    Raises `OptionError` for a probability outside (0, 1], a z that is not > 0, or an alert before the
    notice.
    """

    notice_change: float = 0.1
    notice_z: float = 2.8
    alert_change: float = 0.5
    alert_z: float = 3.5
    page_after: int = 3

    def __post_init__(self) -> None:
        for name in ("notice_change", "alert_change"):
            if number(name, getattr(self, name), above=0.0) > 1.0:
                raise OptionError(name, "a probability in (0, 1]", getattr(self, name))
        for name in ("notice_z", "alert_z"):
            number(name, getattr(self, name), above=0.0)
        number("alert_change", self.alert_change, least=self.notice_change)
        number("alert_z", self.alert_z, least=self.notice_z)
        whole("page_after", self.page_after)


def attend(change: float, z_plan: float | None, thresholds: Thresholds = Thresholds()) -> Attention:
    """The attention that a reading's `change` and `z_plan` (None without a plan) ask for. Raises `OptionError`
    when `change` is no probability, or `z_plan` is not finite.
    """
    instance("thresholds", thresholds, Thresholds)
    if not 0.0 <= number("change", change) <= 1.0:
        raise OptionError("change", "a probability, from 0 to 1", change)
    distance = 0.0 if z_plan is None else abs(number("z_plan", z_plan))
    if change >= thresholds.alert_change or distance >= thresholds.alert_z:
        return Attention.ALERT
    if change >= thresholds.notice_change or distance >= thresholds.notice_z:
        return Attention.NOTICE
    return Attention.QUIET
