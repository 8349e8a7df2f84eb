"""The Bernoulli CUSUM: golden numbers, its run lengths against simulation, and the delays that it promises."""

from math import ceil, expm1, floor, fsum, inf, isclose, log, log2, nan, nextafter, sqrt
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.audit import (
    CusumDesign,
    DiscrepancyCusum,
    RunLength,
    audit_detection,
    audits_until,
    design_cusum,
    run_length,
)
from cybernetic.vsm.audit import design as designing
from tests.support import soak

DESIGN = CusumDesign()
# true rate: mean audits, 95 % point, as published for q0 = 2 %, q1 = 15 %, limit 3.89
PUBLISHED = {0.05: (132, 375), 0.10: (37.7, 99), 0.20: (14.4, 33), 0.40: (6.6, 14)}
# bad outputs slipped and tasks at p = 5 %
AT_FIVE_PERCENT = {0.05: (132, 2643), 0.10: (75, 753), 0.20: (58, 288), 0.40: (53, 131)}


def close(value: float, expected: float) -> bool:
    return isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)


def test_golden_scores() -> None:
    up, down = 2.0149030205422647, 0.1423162221802554
    assert close(DESIGN.up, up)
    assert close(DESIGN.down, down)
    cusum, scores = DiscrepancyCusum(), []
    for discrepant in (False, True, False, True, False):
        cusum = cusum.after(discrepant)
        scores.append(cusum.score)
    assert all(map(close, scores, (0.0, up, up - down, 2 * up - down, 2 * up - 2 * down)))
    assert (cusum.audits, cusum.discrepancies, cusum.alarm) == (5, 2, False)
    assert cusum.after(True).alarm
    assert not cusum.after(True).reset().alarm


@given(st.lists(st.booleans(), max_size=200))
def test_the_score_is_the_largest_evidence_of_any_suffix(audits: list[bool]) -> None:
    cusum = DiscrepancyCusum()
    for discrepant in audits:
        cusum = cusum.after(discrepant)
    steps = [DESIGN.up if discrepant else -DESIGN.down for discrepant in audits]
    best = max((sum(steps[at:]) for at in range(len(steps) + 1)), default=0.0)
    assert isclose(cusum.score, best, abs_tol=1e-9)
    assert cusum.discrepancies == sum(audits)


@pytest.mark.parametrize("q", PUBLISHED)
def test_detection_takes_what_was_published_within_a_fifth(q: float) -> None:
    found = audit_detection(q, 0.05)
    mean, p95 = PUBLISHED[q]
    assert found.audits == pytest.approx(mean, rel=0.2)
    assert found.audits_95 == pytest.approx(p95, rel=0.2)
    slipped, tasks = AT_FIVE_PERCENT[q]
    assert found.slipped == pytest.approx(slipped, rel=0.2)
    assert found.tasks == pytest.approx(tasks, rel=0.2)


def test_golden_run_lengths() -> None:
    assert run_length(0.02, DESIGN).mean == pytest.approx(1011.3169, abs=1e-3)
    assert run_length(0.20, DESIGN).mean == pytest.approx(14.6305191, abs=1e-6)
    assert run_length(0.20, DESIGN).quantile(0.999) == 69
    assert audits_until(0.20, confidence=0.95) == 33


def test_two_discrepancies_in_a_row_are_solved_by_hand() -> None:
    """With a limit that two in a row just reach and nothing else does, the mean is (1 + q) / q^2."""
    design = CusumDesign(0.2, 0.9, 2 * log(4.5))
    assert design.down > design.up
    for q in (0.05, 0.3, 0.9):
        assert run_length(q, design).mean == pytest.approx((1 + q) / q**2, rel=1e-8)


@pytest.mark.parametrize("q", [0.02, 0.05, 0.2])
def test_simulated_run_lengths_agree_with_the_exact_ones(q: float) -> None:
    """Judged at one-sided 99 % on either side, seed fixed, N stated: 400 runs (20,000 in the soak)."""
    runs = soak(400, 20_000)
    stream = Chance(7).stream("cusum", str(q))
    lengths = [simulate(q, stream) for _ in range(runs)]
    exact = run_length(q, DESIGN)
    mean = sum(lengths) / runs
    error = sqrt(sum((n - mean) ** 2 for n in lengths) / (runs - 1) / runs)
    assert abs(mean - exact.mean) < 2.33 * error
    late = sum(n > exact.quantile(0.95) for n in lengths) / runs
    assert late <= 0.05 + 2.33 * sqrt(0.05 * 0.95 / runs)


def simulate(q: float, stream: Random) -> int:
    cusum = DiscrepancyCusum()
    while not cusum.alarm:
        cusum = cusum.after(stream.random() < q)
    return cusum.audits


@given(st.floats(0.005, 1), st.floats(0.5, 6))
def test_a_run_length_is_a_distribution(q: float, limit: float) -> None:
    length = run_length(q, CusumDesign(0.02, 0.15, limit))
    assert all(
        0 <= after <= before <= 1 for before, after in zip(length.survival, length.survival[1:], strict=False)
    )
    assert length.mean >= 1
    assert 0 < length.hazard <= 1
    previous = 1
    for p in (0.01, 0.5, 0.95, 0.9999):
        point = length.quantile(p)
        assert point >= previous
        previous = point
        if point < len(length.survival):
            assert 1 - length.survival[point] >= p - 1e-9
            assert 1 - length.survival[point - 1] < p + 1e-9


def test_more_lies_are_caught_sooner() -> None:
    means = [run_length(q / 50, DESIGN).mean for q in range(1, 51)]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("every", [60.0, 1000.0, 20_000.0])
def test_a_design_keeps_the_false_alarms_it_was_asked_for(every: float) -> None:
    design = design_cusum(0.02, 0.15, every)
    assert run_length(0.02, design).mean >= every
    less = CusumDesign(0.02, 0.15, design.limit - 2e-3)
    assert run_length(0.02, less).mean <= every


def test_the_published_design_is_the_one_for_a_thousand() -> None:
    assert design_cusum(0.02, 0.15, 1000.0).limit == pytest.approx(3.89, abs=0.005)


@pytest.mark.parametrize("q", [0.0, 0.02, 0.15, 1.0])
def test_the_score_drifts_down_when_all_is_well_and_up_when_it_is_not(q: float) -> None:
    assert (DESIGN.drift(q) > 0) is (q >= 0.15)


@pytest.mark.parametrize(
    ("q0", "q1", "every"), [(0.02, 0.05, 2000.0), (0.02, 0.03, 2000.0), (0.01, 0.012, 500.0)]
)
def test_a_design_for_rates_that_are_close_is_found_as_well(q0: float, q1: float, every: float) -> None:
    design = design_cusum(q0, q1, every)
    assert every <= audits_until(q0, design) <= 1.01 * every


def test_a_design_is_found_by_few_run_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine until the limit is enough, and some more; to halve what it is then known to lie in takes twelve."""
    asked, cycle = [], designing._cycle

    def counted(q: float, design: CusumDesign, rate: str, designed: str) -> object:
        asked.append(design.limit)
        return cycle(q, design, rate, designed)

    monkeypatch.setattr(designing, "_cycle", counted)
    design_cusum(0.02, 0.04, 1e5)
    assert len(asked) <= 14


@given(st.floats(0.0, 1.0), st.floats(1e-3, 20.0), st.floats(0.0, 1e3), st.integers(0, 9))
def test_the_least_argument_is_found_whatever_climbs(
    least: float, bend: float, step: float, stairs: int
) -> None:
    """To a thousandth, and by asking twice more at most than by halving."""
    asked = []

    def excess(x: float) -> float:
        asked.append(x)
        x = floor(x * stairs) / stairs if stairs else x
        return expm1(bend * (x - least)) + (step if x >= least else -step)

    low, high = -0.25, 1.25
    found = designing._least(excess, (low, excess(low)), (high, excess(high)), 1e-3)
    assert excess(found) >= 0 > excess(found - 1.001e-3)
    assert len(asked) - 4 <= 2 + ceil(log2((high - low) / 1e-3))


def test_a_mean_is_the_sum_of_the_chances_to_go_on() -> None:
    for q, design in (
        (0.02, DESIGN),
        (0.1, CusumDesign(0.02, 0.06, 2.0)),
        (1e-5, CusumDesign(0.2, 0.9, 3.0)),
    ):
        length = run_length(q, design)
        rest = length.survival[-1] * (1 - length.hazard) / length.hazard
        assert fsum(length.survival) + rest == pytest.approx(length.mean, rel=1e-7)


def test_rates_as_rare_as_they_come_are_told_exactly() -> None:
    """Two within some agreements of each other alarm: of rare ones the mean is 1 / (n * q^2) for n places of the
    second, and 1 / q more, nearly, for the first.
    """
    design = CusumDesign()
    places = 1 + int((2 * design.up - design.limit) / design.down)  # at once, or so many audits later
    for q in (1e-6, 1e-9, 1e-12):
        assert run_length(q, design).mean * q * q * places == pytest.approx(1.0, rel=200 * q)


@pytest.mark.parametrize("bound", ["_MOST", "_TERMS"])
def test_a_design_that_would_take_minutes_is_refused_while_it_is_stepped(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    close = CusumDesign(0.02, 0.06)
    assert run_length(0.02, close).mean > 400
    monkeypatch.setattr(designing, bound, 3e3)
    with pytest.raises(OptionError, match=r"^design: expected a q1 further from q0"):
        run_length(0.02, close)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: CusumDesign(q0=0.0), "q0"),
        (lambda: CusumDesign(q0=nan), "q0"),
        (lambda: CusumDesign(q1=1.0), "q1"),
        (lambda: CusumDesign(q0=0.2, q1=0.1), "q1"),
        (lambda: CusumDesign(q0=0.2, q1=0.2), "q1"),
        (lambda: CusumDesign(limit=0.0), "limit"),
        (lambda: CusumDesign(limit=inf), "limit"),
        (lambda: DESIGN.drift(1.5), "q"),
        (lambda: DiscrepancyCusum().after(1), "discrepant"),  # type: ignore[arg-type]
        (lambda: run_length(0.0, DESIGN), "q"),
        (lambda: run_length(nan, DESIGN), "q"),
        (lambda: run_length(-0.1, DESIGN), "q"),
        (lambda: run_length(0.5, DESIGN).quantile(1.0), "p"),
        (lambda: design_cusum(0.02, 0.15, inf), "false_alarm_every"),
        (lambda: design_cusum(0.02, 0.15, 1.0), "false_alarm_every"),
        (lambda: audit_detection(0.2, 0.0), "probability"),
        (lambda: audits_until(0.0), "rate"),
        (lambda: audit_detection(0.0, 0.1), "rate"),
        (lambda: audits_until(0.5, CusumDesign(1e-300, nextafter(1e-300, 1))), "design"),
        (lambda: design_cusum(0.02, nextafter(0.02, 1), 100.0), "q1"),
        (lambda: design_cusum(0.02, 0.01, 100.0), "q1"),
        (lambda: run_length(0.5, CusumDesign(0.02, nextafter(0.02, 1))), "design"),
        (lambda: audits_until(0.5, CusumDesign(0.02, nextafter(0.02, 1))), "design"),
        (lambda: audit_detection(0.2, nan), "probability"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


def test_the_evidence_of_a_rate_that_is_hardly_a_number_is_one() -> None:
    design = CusumDesign(q0=5e-324, q1=0.5)
    assert design.up == pytest.approx(log(0.5) - log(5e-324))
    assert DiscrepancyCusum(design).after(discrepant=True).alarm
    with pytest.raises(OptionError, match="q0: expected a rate at which an alarm is not too rare"):
        design_cusum(5e-324, 0.5, 1000.0)  # at once, and not after a minute


def test_a_hazard_that_no_number_of_audits_is_enough_for_is_refused() -> None:
    assert RunLength(2.0, (1.0,), 1e-300).quantile(0.5) > 10**299
    with pytest.raises(OptionError, match="hazard: expected a finite number >= 1e-300, got: 5e-324"):
        RunLength(2.0, (1.0,), 5e-324)
