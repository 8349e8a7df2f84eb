"""Who is audited: the right share, within the grant, and nothing that a unit can see tells it beforehand."""

from math import inf, isclose, nan

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cybernetic.core import Chance, OptionError
from cybernetic.vsm.audit import AuditLoad, Sampler, binomial_interval, within_grant
from tests.support import soak

SECRET = b"an auditor's own secret"
SAMPLER = Sampler(SECRET)
TASKS = [f"task-{n}" for n in range(soak(4000, 100_000))]


def test_golden_draws() -> None:
    """Computed apart from this code, with `openssl dgst -sha256 -mac HMAC`."""
    sampler = Sampler(b"0123456789abcdef", base=0.05)
    draws = [sampler.draw(task) for task in ("a", "b", "order/1")]
    expected = [0.3877967807812380, 0.2372793436047065, 0.7670069428053180]
    assert all(isclose(draw, golden, rel_tol=1e-12) for draw, golden in zip(draws, expected, strict=True)), (
        draws
    )


@pytest.mark.parametrize("p", [0.02, 0.05, 0.2])
def test_the_realised_share_lies_within_its_binomial_interval(p: float) -> None:
    hits = sum(SAMPLER.picks(task, p) for task in TASKS)
    assert p in binomial_interval(hits, len(TASKS), 0.98)


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_probability_never_unpicks_a_task(task: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert SAMPLER.picks(task, low) <= SAMPLER.picks(task, high)
    assert SAMPLER.picks(task, 1.0)
    assert not SAMPLER.picks(task, 0.0)


@given(st.binary(min_size=16, max_size=40), st.binary(min_size=16, max_size=40))
def test_the_decision_needs_the_secret(one: bytes, other: bytes) -> None:
    """Of 64 tasks two secrets agree on the order by chance alone with probability 1 in 64!."""
    tasks = TASKS[:64]
    order = [sorted(tasks, key=Sampler(secret).draw) for secret in (one, other)]
    assert (order[0] == order[1]) is (one == other)


FEATURES = {
    "its parity": lambda n, task, picked: n % 2,
    "its last digit": lambda n, task, picked: int(task[-1]),
    "whether the one before was audited": lambda n, task, picked: picked[n - 1] if n else 0,
    "how many of the last ten were audited": lambda n, task, picked: sum(picked[max(0, n - 10) : n]),
    "the hash everybody can compute": lambda n, task, picked: Sampler(b"x" * 16).picks(task, 0.3),
    "its length": lambda n, task, picked: len(task),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_nothing_a_unit_can_see_foretells_an_audit(feature: str) -> None:
    """A seeded permutation test: the feature's correlation with being audited is like that of shuffled
    audits.
    """
    tasks, rounds = TASKS[:2000], soak(200, 1000)
    picked = [int(SAMPLER.picks(task, 0.3)) for task in tasks]
    seen = [float(FEATURES[feature](n, task, picked)) for n, task in enumerate(tasks)]
    middle = sum(seen) / len(seen)
    centred = [value - middle for value in seen]
    stream = Chance(7).stream("permutation", feature)

    def covariance(audited: list[int]) -> float:
        return abs(sum(value for value, one in zip(centred, audited, strict=True) if one))

    observed, shuffled, above = covariance(picked), list(picked), 0
    for _ in range(rounds):
        stream.shuffle(shuffled)
        above += covariance(shuffled) >= observed
    assert (above + 1) / (rounds + 1) > 0.01


def test_surprise_inspections_come_at_poisson_times() -> None:
    gaps = [SAMPLER.inspection("acme/support", n, 1 / 60) for n in range(len(TASKS))]
    assert all(gap >= 0 for gap in gaps)
    mean = sum(gaps) / len(gaps)
    assert abs(mean - 60) < 2.58 * 60 / len(gaps) ** 0.5
    late = sum(gap > 60 for gap in gaps)  # memoryless: the second minute is like the first
    later = sum(gap > 120 for gap in gaps)
    assert 0.367879441 in binomial_interval(later, late, 0.98)


def test_units_with_a_gap_and_risky_work_are_audited_more() -> None:
    sampler = Sampler(SECRET, base=0.05, kappa=10.0)
    assert sampler.probability() == 0.05
    assert sampler.probability(risk=2.0) == pytest.approx(0.1)
    assert sampler.probability(gap=0.2) == pytest.approx(0.15)
    assert sampler.probability(risk=100.0) == 1.0


LOADS = st.builds(AuditLoad, st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 100))


@given(st.dictionaries(st.text(), LOADS), st.floats(0, 1e6))
def test_audits_stay_within_their_grant(units: dict[str, AuditLoad], grant: float) -> None:
    given_ = within_grant(units, grant)
    spent = sum(given_[name] * unit.tasks * unit.cost for name, unit in units.items())
    assert spent <= grant * (1 + 1e-9) + 1e-9
    wished = sum(unit.probability * unit.tasks * unit.cost for unit in units.values())
    if wished <= grant:
        assert given_ == {name: unit.probability for name, unit in units.items()}


def test_every_string_has_a_lot() -> None:
    assert 0 <= SAMPLER.draw("\ud800") < 1
    assert SAMPLER.draw("\ud800") != SAMPLER.draw("\ud801")


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(SAMPLER).lower()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Sampler(b"short"), "secret"),
        (lambda: Sampler("a string is not bytes"), "secret"),  # type: ignore[arg-type]
        (lambda: Sampler(SECRET, base=nan), "base"),
        (lambda: Sampler(SECRET, base=1.1), "base"),
        (lambda: Sampler(SECRET, kappa=-1.0), "kappa"),
        (lambda: SAMPLER.probability(risk=nan), "risk"),
        (lambda: SAMPLER.probability(gap=2.0), "gap"),
        (lambda: SAMPLER.draw(""), "task"),
        (lambda: SAMPLER.picks("x", nan), "probability"),
        (lambda: SAMPLER.inspection("x", -1, 1.0), "count"),
        (lambda: SAMPLER.inspection("x", 0, 0.0), "rate"),
        (lambda: AuditLoad(2.0, 1.0, 1.0), "probability"),
        (lambda: AuditLoad(0.5, inf, 1.0), "tasks"),
        (lambda: AuditLoad(0.5, 1.0, nan), "cost"),
        (lambda: within_grant({}, nan), "grant"),
        (
            lambda: within_grant({"a": AuditLoad(1, 1e308, 10), "b": AuditLoad(0.5, 1, 1)}, 1e300),
            "units['a']",
        ),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.name == name


def test_a_bad_secret_is_not_shown_in_its_error() -> None:
    with pytest.raises(OptionError) as caught:
        Sampler(b"hunter2")
    assert "hunter2" not in str(caught.value)
