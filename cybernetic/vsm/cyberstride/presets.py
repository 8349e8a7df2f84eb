"""Regime models by name. Parameters are domain data: compare them on your own series with `best_preset`.

Two that are often named are left out, since what is known of them does not make a `RegimeModel`. West and Harrison's
(probabilities .85, .07, .05, .03; outliers of 100 V; a change drops its component's discount factor to about .01) has
evolution variances in proportion to what is uncertain at the moment, not to V, and its discount factors while nothing
happens are not told. The dairy model as fitted (.697, .202, .000022, .101) is known by its probabilities alone: which
multipliers were fitted with them is not told, nor which of them belongs to which regime.
"""

from collections.abc import Mapping
from types import MappingProxyType

from cybernetic.core import one_of
from cybernetic.vsm.cyberstride.regimes import RegimeModel

PRESETS: Mapping[str, RegimeModel] = MappingProxyType(
    {
        # The multipliers usually quoted for Harrison and Stevens's own examples.
        "default": RegimeModel(
            probability=(0.900, 0.094, 0.003, 0.003),
            noise=(1.0, 101.0, 1.0, 1.0),
            level=(0.0, 0.0, 90.0, 0.0),
            slope=(0.0, 0.0, 0.0, 60.0),
            truncation=0.88,
        ),
        # No growth, and level shifts of twice the noise: for short series such as the Nile's yearly flow.
        "level_only": RegimeModel(
            probability=(0.90, 0.08, 0.02, 0.0),
            noise=(1.0, 101.0, 1.0, 1.0),
            level=(0.0, 0.0, 4.0, 0.0),
            slope=(0.0, 0.0, 0.0, 0.0),
            truncation=0.88,
        ),
        # First guesses that are used in watching dairy herds: frequent, modest changes.
        "dairy": RegimeModel(
            probability=(0.94, 0.02, 0.02, 0.02),
            noise=(1.0, 50.0, 1.0, 1.0),
            level=(0.0, 0.0, 20.0, 0.0),
            slope=(0.0, 0.0, 0.0, 10.0),
            truncation=0.835,
        ),
    }
)
"""The models there are, by name."""


def preset(name: str) -> RegimeModel:
    """The model called `name` in `PRESETS`. Raises `OptionError` when there is none."""
    one_of("model", name, PRESETS.keys())
    return PRESETS[name]
