"""Choosing a regime model by how well it foresaw a series."""

from collections.abc import Iterable, Mapping
from math import fsum

from cybernetic.core import OptionError
from cybernetic.vsm.checks import instance, mapping
from cybernetic.vsm.cyberstride.chart import placed
from cybernetic.vsm.cyberstride.harrison import HarrisonStevens
from cybernetic.vsm.cyberstride.presets import PRESETS
from cybernetic.vsm.cyberstride.regimes import RegimeModel
from cybernetic.vsm.cyberstride.variance import Learning


def log_likelihood(
    series: Iterable[float | None],
    model: RegimeModel | str,
    *,
    variance: float,
    learning: Learning | None = None,
) -> float:
    """The logarithm of the density that `model` forecast for the data of `series` after the first, datum by
    datum.

    None stands for a missing datum. Raises `OptionError` as `HarrisonStevens` does, of a datum by its place in
    `series`.
    """
    one = HarrisonStevens(model, variance=variance, learning=learning)
    densities = []
    instance("series", series, Iterable)  # type: ignore[type-abstract]
    for at, y in enumerate(series):
        try:
            densities.append(one.update(y).log_density)
        except OptionError as error:
            raise placed(error, at) from None
    return fsum(densities)


def best_preset(
    series: Iterable[float | None],
    *,
    variance: float,
    learning: Learning | None = None,
    models: Mapping[str, RegimeModel] = PRESETS,
) -> str:
    """The name of the model of `models` under which `series` was the least surprising; the first of equal
    ones.

    Raises `OptionError` when there are no models, and as `log_likelihood` does.
    """
    if not mapping("models", models):
        raise OptionError("models", "one model or more", models)
    for name in models:
        instance("models", name, str)
    data = list(instance("series", series, Iterable))  # type: ignore[type-abstract]
    return max(
        models,
        key=lambda name: log_likelihood(data, models[name], variance=variance, learning=learning),
    )
