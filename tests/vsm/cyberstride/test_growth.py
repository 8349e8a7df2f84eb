"""Steady growth is no noise: V is that of what is left, and what breaks off is felt."""

from random import Random
from statistics import median

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.cyberstride import Attention, Gauge, Index, Judgement, first_guess

STEP = 20.0  # standard deviations


def grown(slope: float, seed: int, noise: float = 1.0) -> list[float]:
    """Data of so much more each time, with noise; after 400 of them a step."""
    chance = Random(seed)
    return [slope * n + noise * (chance.gauss(0.0, 1.0) + (STEP if n >= 400 else 0.0)) for n in range(420)]


@pytest.mark.parametrize("slope", [0.0, 3.0, 30.0, 1000.0, -100.0])
def test_a_step_is_felt_however_fast_it_grew_before(slope: float) -> None:
    for seed in range(5):
        gauge = Gauge(Index("orders"))
        judged = [gauge.update(value) for value in grown(slope, seed)]
        before = judged[399]
        assert before.muted is None
        assert before.reading is not None
        assert 0.5 < before.reading.variance < 2.0
        assert not any(one.attention is Attention.ALERT for one in judged[:400])
        assert any(one.attention is Attention.ALERT for one in judged[400:])


def test_what_grows_by_whole_numbers_is_rounded_to_them_still() -> None:
    chance = Random(1)
    gauge = Gauge(Index("orders"))
    judged = [gauge.update(float(round(3 * n + chance.gauss(0.0, 0.3)))) for n in range(2000)]
    assert not any(one.pages for one in judged)
    assert judged[-1].reading is not None
    assert judged[-1].reading.variance >= 1.0 / 12.0


@pytest.mark.parametrize("slope", [0.0, 10.0, 1e6])
def test_the_first_guess_is_of_the_noise_alone(slope: float) -> None:
    chance = Random(2)
    guesses = [first_guess([slope * n + chance.gauss(0.0, 1.0) for n in range(8)]) for _ in range(200)]
    assert 0.3 < sorted(guesses)[100] < 1.5


def test_or_of_what_differs_where_growth_has_no_noise_at_all() -> None:
    assert first_guess([float(n) for n in range(8)]) == pytest.approx(1.0991, rel=1e-3)


@pytest.mark.parametrize("phi", [0.0, 0.7, 0.9, 0.97])
def test_nobody_is_paged_for_noise_that_hangs_together_before_its_errors_could_be_judged(phi: float) -> None:
    for seed in range(12):
        chance, gauge = Random(seed), Gauge(Index("x", plan=0.0))
        value = chance.gauss(0.0, 1.0)
        for _ in range(300):
            value = phi * value + chance.gauss(0.0, 1.0) * (1.0 - phi * phi) ** 0.5
            assert not gauge.update(value).pages


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.5, 0.8])
def test_an_outage_that_lasts_is_no_noise_however_its_data_hang_together(phi: float) -> None:
    chance, gauge = Random(3), Gauge(Index("x", plan=0.0))
    for _ in range(200):
        gauge.update(chance.gauss(0.0, 1.0))
    value, judged = 0.0, []
    for _ in range(600):
        value = phi * value + chance.gauss(0.0, 1.0) * (1.0 - phi * phi) ** 0.5
        judged.append(gauge.update(value + 20.0))
    assert all(one.attention is Attention.ALERT for one in judged[3:])


def louder(seed: int, times: float, off: float, data: int) -> tuple[Gauge, list[Judgement]]:
    """A gauge, and what it said of an outage so many deviations off plan, whose noise is so much louder than before."""
    chance, gauge = Random(seed), Gauge(Index("x", plan=0.0))
    for _ in range(300):
        gauge.update(chance.gauss(0.0, 1.0))
    return gauge, [gauge.update(times * (off + chance.gauss(0.0, 1.0))) for _ in range(data)]


@pytest.mark.parametrize("times", [2.0, 3.0, 10.0])
@pytest.mark.parametrize(("off", "share"), [(3.0, 0.9), (6.0, 0.99), (10.0, 0.99)])
def test_an_outage_that_lasts_is_not_called_off_though_its_noise_is_louder(
    times: float, off: float, share: float
) -> None:
    for seed in range(4):
        gauge, judged = louder(seed, times, off, 600)
        assert sum(one.attention is Attention.ALERT for one in judged) > share * len(judged)
        assert gauge.update(None).reading.variance == pytest.approx(times**2, rel=0.5)  # type: ignore[union-attr]


def test_an_alert_that_flickers_is_hardly_muted_for_the_errors_it_makes() -> None:
    shares, muted = [], []
    for seed in range(16):
        chance, gauge = Random(seed), Gauge(Index("latency", plan=100.0, cost=True))
        for _ in range(300):
            gauge.update(100.0 * chance.lognormvariate(0.0, 0.5))
        judged = [gauge.update(500.0 * chance.lognormvariate(0.0, 0.5)) for _ in range(600)]
        shares.append(sum(one.attention is Attention.ALERT for one in judged) / len(judged))
        muted.append(sum(one.muted is not None for one in judged))
    assert min(shares) > 0.2
    assert median(shares) > 0.45
    assert median(muted) < 60


@pytest.mark.parametrize(("every", "lifted"), [(12, 3), (16, 5), (24, 8)])
def test_what_comes_and_goes_by_the_clock_is_muted_soon(every: int, lifted: int) -> None:
    for seed in range(2):
        chance, gauge = Random(seed), Gauge(Index("latency", plan=100.0, cost=True))
        for _ in range(300):
            gauge.update(100.0 + 5.0 * chance.gauss(0.0, 1.0))
        judged = [
            gauge.update(100.0 + 5.0 * (chance.gauss(0.0, 1.0) + (20.0 if n % every < lifted else 0.0)))
            for n in range(1200)
        ]
        assert not any(one.pages for one in judged[500:])
        assert all(one.muted is not None for one in judged[-200:])


def test_an_alert_that_flickered_long_ago_is_no_reason_to_be_heard() -> None:
    gauge, _ = louder(0, 1.0, 10.0, 5)
    chance = Random(1)
    for off in (0.0, 10.0, 0.0):
        for _ in range(3):
            gauge.update(off + chance.gauss(0.0, 1.0))
    judged = [gauge.update(30.0 * chance.choice([-1.0, 1.0])) for _ in range(80)]
    assert any(one.muted is not None for one in judged)


def test_nor_is_one_alert_of_an_index_whose_errors_are_always_wrong() -> None:
    alerted = 0
    for seed in (3, 4, 6):
        chance, gauge = Random(seed), Gauge(Index("latency", plan=12.0))
        for _ in range(2000):  # cached or not
            value = chance.lognormvariate(0.0 if chance.random() < 0.8 else 4.0, 0.3)
            alerted += gauge.update(value).attention is Attention.ALERT
    assert alerted < 150  # of 6,000


def test_without_a_plan_it_is_the_jump_alone_that_is_an_alert() -> None:
    chance, gauge = Random(1), Gauge(Index("x"))
    for _ in range(300):
        gauge.update(chance.gauss(0.0, 1.0))
    judged = [gauge.update(10.0 + chance.gauss(0.0, 1.0)) for _ in range(300)]
    assert any(one.attention is Attention.ALERT for one in judged[:3])
    assert not any(one.attention is Attention.ALERT for one in judged[5:])


@pytest.mark.parametrize(("rate", "least", "most"), [(0.0, 0.9, 1.0), (0.5, 0.01, 0.25)])
def test_an_index_of_0_and_1_is_in_alert_where_all_fails_and_mostly_not_where_half_does(
    rate: float, least: float, most: float
) -> None:
    for seed in range(8):
        chance, gauge = Random(seed), Gauge(Index("success", plan=0.9))
        for _ in range(300):
            gauge.update(float(chance.random() < 0.9))
        judged = [gauge.update(float(chance.random() < rate)) for _ in range(600)]
        assert least < sum(one.attention is Attention.ALERT for one in judged) / len(judged) <= most


def test_an_index_whose_v_was_guessed_anew_in_an_outage_settles_when_that_is_over() -> None:
    gauge, judged = louder(0, 5.0, 10.0, 150)
    chance = Random(1)
    assert judged[-1].attention is Attention.ALERT
    over = [gauge.update(chance.gauss(0.0, 1.0)) for _ in range(100)]
    assert {one.muted for one in over[:16]} == {None}
    assert all("learning the variance" in str(one.muted) for one in over[20:40])
    assert over[-1].muted is None


def test_what_is_refused_leaves_the_gauge_as_it_was() -> None:
    gauge = Gauge(Index("x"))
    for n in range(7):
        gauge.update(1e150 * (-1.0) ** n, float(n))
    for _ in range(2):
        with pytest.raises(OptionError, match=r"^value: "):
            gauge.update(-1e150, 7.0)


@pytest.mark.parametrize("gap", [9, 10])
def test_a_gap_behind_the_first_data_is_one_like_any_other(gap: int) -> None:
    chance, gauge, at = Random(1), Gauge(Index("x")), 0.0
    for n in range(1, gap + 1):
        at += 5000.0 if n == gap else 1.0
        judged = gauge.update(chance.gauss(0.0, 1.0), at)
    assert judged.reading is not None
    assert judged.reading.level_sd / judged.reading.variance**0.5 > 3.0


@pytest.mark.parametrize("name", ["model", "learning"])
def test_what_is_no_model_and_no_learning_is_refused_at_once(name: str) -> None:
    with pytest.raises(OptionError, match=f"^{name}: "):
        Gauge(Index("x"), **{name: 5})  # type: ignore[arg-type]
