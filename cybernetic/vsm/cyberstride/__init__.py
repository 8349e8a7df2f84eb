"""Indices and what befalls them: the Harrison–Stevens filter, the judgement on its readings, and control
charts.

The pipeline of one index is a `Gauge`: transform, filter, plan test, classification, and muting. Its parts
serve alone as well: feed any series to `HarrisonStevens`.
"""

from cybernetic.vsm.cyberstride.bocpd import Bocpd, BocpdState
from cybernetic.vsm.cyberstride.capability import Capability, weighted_quantile
from cybernetic.vsm.cyberstride.chart import Chart, ChartState, first_alarm
from cybernetic.vsm.cyberstride.cusum import Cusum, CusumState
from cybernetic.vsm.cyberstride.diagnostics import Health, HealthLimits, examine, fault
from cybernetic.vsm.cyberstride.ewma import Ewma, EwmaState
from cybernetic.vsm.cyberstride.fit import best_preset, log_likelihood
from cybernetic.vsm.cyberstride.forecast import Forecast
from cybernetic.vsm.cyberstride.gauge import Gauge, Judgement
from cybernetic.vsm.cyberstride.harrison import HarrisonStevens
from cybernetic.vsm.cyberstride.indices import Achievement, Index, achieve, weighted_performance
from cybernetic.vsm.cyberstride.plan import Attention, Thresholds, attend
from cybernetic.vsm.cyberstride.presets import PRESETS, preset
from cybernetic.vsm.cyberstride.reading import Reading
from cybernetic.vsm.cyberstride.regimes import Regime, RegimeModel
from cybernetic.vsm.cyberstride.shewhart import Shewhart, ShewhartState
from cybernetic.vsm.cyberstride.transforms import (
    TRANSFORMS,
    Transform,
    anscombe,
    expit,
    log_cost,
    logit,
    transform,
    unanscombe,
)
from cybernetic.vsm.cyberstride.variance import Learning, first_guess

__all__ = (
    "Achievement",
    "Attention",
    "Bocpd",
    "BocpdState",
    "Capability",
    "Chart",
    "ChartState",
    "Cusum",
    "CusumState",
    "Ewma",
    "EwmaState",
    "Forecast",
    "Gauge",
    "HarrisonStevens",
    "Health",
    "HealthLimits",
    "Index",
    "Judgement",
    "Learning",
    "PRESETS",
    "Reading",
    "Regime",
    "RegimeModel",
    "Shewhart",
    "ShewhartState",
    "TRANSFORMS",
    "Thresholds",
    "Transform",
    "achieve",
    "anscombe",
    "attend",
    "best_preset",
    "examine",
    "expit",
    "fault",
    "first_alarm",
    "first_guess",
    "log_cost",
    "log_likelihood",
    "logit",
    "preset",
    "transform",
    "unanscombe",
    "weighted_performance",
    "weighted_quantile",
)
