"""What the filter says after a datum."""

from typing import NamedTuple

from cybernetic.vsm.cyberstride.regimes import Quad, Regime


class Reading(NamedTuple):
    """A series after one datum, as the Harrison–Stevens filter sees it.

    A jump looks like a transient at first, whatever it is. One datum later `back1` tells a spike from a
    step, two data later `back2` tells a step from a slope: wait for it where you can.
    """

    y: float | None
    """The datum; None when it was missing."""
    posterior: Quad
    """Probabilities of the regimes at this datum, in the order of `Regime`."""
    back1: Quad
    """Those at the datum before, known with this one."""
    back2: Quad
    """Those two data before."""
    change: float
    """Probability that the level or the slope changed at one of the two data before this one."""
    level: float
    """Expected level, in the units of the data."""
    level_sd: float
    """Its standard deviation."""
    slope: float
    """Expected growth in a period."""
    variance: float
    """Observation variance V: as given, or as learnt so far."""
    error: float
    """One-step forecast error, standardised as that of a steady datum; 0 when there was no forecast or no
    datum.
    """
    log_density: float
    """Logarithm of the forecast density at the datum; 0 when there was none."""
    z_plan: float | None
    """How many standard deviations the level stands above plan; None without a plan."""

    @property
    def regime(self) -> Regime:
        """The likeliest regime two data before: the name to rely on."""
        return Regime(self.back2.index(max(self.back2)))

    @property
    def latest(self) -> Regime:
        """The likeliest regime at this datum: provisional."""
        return Regime(self.posterior.index(max(self.posterior)))
