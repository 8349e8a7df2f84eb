"""Figures beyond what is computed with, and what holds no figures at all: an error that names the argument."""

from collections.abc import Callable
from math import nan
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.audit import Sampler, audits_until, binomial_cdf, run_length, upper_bound, within_grant
from cybernetic.vsm.bargain import Claim, Vector, earned_weights, lend, worth_publishing
from cybernetic.vsm.cyberstride import (
    PRESETS,
    Bocpd,
    Cusum,
    RegimeModel,
    best_preset,
    first_alarm,
    first_guess,
    log_likelihood,
    weighted_performance,
    weighted_quantile,
)
from cybernetic.vsm.damping import (
    Fence,
    LeaseLost,
    LeaseTable,
    SwingCounter,
    autocovariance,
    decay_ratio,
    find_oscillation,
    regularity,
)
from cybernetic.vsm.damping.oscillation import detrended
from cybernetic.vsm.decisions import Rulebook
from cybernetic.vsm.variety import miller_madow

DIGITS = 10**5000  # more than Python turns into a string
ONE = Vector(usd=1)
CLAIMS = {"a": Claim(1.0)}


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("hits", lambda: binomial_cdf(DIGITS, 5, 0.5)),
        ("failures", lambda: upper_bound(DIGITS, 5)),
        ("count", lambda: Sampler(bytes(16)).inspection("a", DIGITS, 0.1)),
        ("count", lambda: Sampler(bytes(16)).inspection("a", 10**18 + 1, 0.1)),
        ("longest", lambda: Bocpd(longest=DIGITS)),
        ("established", lambda: Bocpd(established=10**400)),
        ("probability", lambda: RegimeModel((1.7e308,) * 4, (1.0,) * 4, (0.0,) * 4, (0.0,) * 4)),
        ("interval", lambda: PRESETS["default"].rows(1.7e308)),
    ],
)
def test_a_figure_beyond_what_is_computed_with_is_refused_by_its_name(
    name: str, make: Callable[[], object]
) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert caught.value.name == name


@pytest.mark.parametrize("none", [5, 2.5, nan, None])
@pytest.mark.parametrize(
    ("name", "give"),
    [
        ("design", lambda none: run_length(0.1, none)),
        ("units", lambda none: within_grant(none, 1.0)),
        ("units['a']", lambda none: within_grant({"a": none}, 1.0)),
        ("base", lambda none: earned_weights(none, {})),
        ("productivity", lambda none: earned_weights({}, none)),
        ("old", lambda none: worth_publishing(none, {})),
        ("new", lambda none: worth_publishing({}, none)),
        ("used", lambda none: lend(ONE, CLAIMS, none, 0.5)),
        ("apart", lambda none: lend(ONE, CLAIMS, {}, 0.5, apart=none)),
        ("series", lambda none: first_alarm(Cusum(), none)),
        ("series", first_guess),
        ("series", lambda none: best_preset(none, variance=1.0)),
        ("series", lambda none: log_likelihood(none, "default", variance=1.0)),
        ("models", lambda none: best_preset([1.0], variance=1.0, models=none)),
        ("achievements", lambda none: weighted_performance(none, [1.0])),
        ("achievements", lambda none: weighted_performance([none], [1.0])),
        ("weights", lambda none: weighted_performance([], none)),
        ("values", lambda none: weighted_quantile(none, [1.0], 0.5)),
        ("weights", lambda none: weighted_quantile([1.0], none, 0.5)),
        ("flat", lambda none: autocovariance(none, 1)),
        ("covariance", decay_ratio),
        ("covariance", regularity),
        ("window", find_oscillation),
        ("window", detrended),
        ("name", lambda none: Rulebook().rollback(none, 1, 0.0)),
        ("swings", lambda none: SwingCounter(1.0, 3, 60.0, swings=none)),
        ("counts", miller_madow),
    ],
)
def test_what_holds_no_figures_is_refused_by_its_name(
    name: str, give: Callable[[Any], object], none: object
) -> None:
    with pytest.raises(OptionError) as caught:
        give(none)
    assert caught.value.name == name


def test_a_lease_is_lost_whatever_token_was_shown_for_it() -> None:
    table, lease = LeaseTable(10.0).request("key", "a", 0.0)
    assert lease is not None
    with pytest.raises(LeaseLost, match="with token of 16610 bits is lost: 'a' holds it"):
        table.renew("key", DIGITS, 1.0)
    with pytest.raises(LeaseLost, match="with token x is lost: 'a' holds it"):
        table.renew("key", "x", 1.0)  # type: ignore[arg-type]
    with pytest.raises(LeaseLost, match="with token 1 is lost: expected a token of at least of 16610 bits"):
        Fence("key").passed(DIGITS).passed(1)


@pytest.mark.parametrize("none", [5, 2.5, nan, 0, "x"])
def test_no_design_is_none_and_nothing_else(none: Any) -> None:
    with pytest.raises(OptionError, match="design: expected a CusumDesign"):
        audits_until(0.1, none)
    assert audits_until(0.5, None) > 0.0
