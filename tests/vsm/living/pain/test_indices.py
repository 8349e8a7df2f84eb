"""Indices: noise is kept rare, a change is felt once, what goes well reaches system 5, and errors are an event."""

import asyncio
from typing import Any

import pytest

from cybernetic.core import Chance
from cybernetic.vsm import (
    Algedonode,
    Cause,
    Index,
    Outcome,
    OutcomeUnknown,
    Pain,
    PolicyDenied,
    ViableSystem,
)
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.ladder import Pleasure, Sensitivity
from cybernetic.vsm.operations.figures import Figures
from cybernetic.vsm.operations.task import Performed
from tests.support import soak
from tests.vsm.living.company import started
from tests.vsm.living.pain.ladder import PATHS, Human, feel, levels, log, relieve

WEEK = 7 * 86_400
BUDGET = 5.0  # signals a day and level


def performed(value: float, n: int) -> Performed:
    """A task at which `quality` was measured."""
    return Performed(f"t{n}", Outcome(1), (), 1.0, {"quality": value})


def noise(seed: int) -> Any:
    """White, of deviation 1: a function without arguments."""
    stream = Chance(seed).stream("noise")
    return lambda: stream.gauss(0.0, 1.0)


async def test_t_alg_rare_white_noise_of_a_week_keeps_the_budget_and_pages_nobody() -> None:
    human, white, step = Human(), noise(11), soak(3600, 300)
    async with levels(human) as system:
        figures = [Figures(f"{PATHS[0]}/unit", [Index(f"i{n}", plan=0.0)]) for n in range(20)]
        for _ in range(WEEK // step):
            await asyncio.sleep(step)
            for n, one in enumerate(figures):
                value = white()
                for felt in one.performed(Performed("t", Outcome(1), (), 1.0, {f"i{n}": value}), 0.0):
                    if isinstance(felt, Felt):
                        feel(system, felt.signal)  # type: ignore[arg-type]
        assert human.pages == []
        raised = [line for line in await log(system) if "Raised" in line]
        assert len(raised) <= BUDGET * 7


@pytest.mark.parametrize("seed", range(12, 12 + soak(3, 30)))
async def test_t_alg_rare_however_noisy_the_indices_a_level_lets_through_what_its_budget_allows(
    seed: int,
) -> None:
    human, white, strong = Human(), noise(seed), 0
    async with levels(human) as system:
        for n in range(WEEK // 600):
            await asyncio.sleep(480.0)
            strength = abs(white()) + 2.0
            strong += strength >= Sensitivity().on
            pain = Pain(f"{PATHS[0]}/unit", f"i{n % 40}", Cause.REGIME, intensity=strength, since=0.0)
            feel(system, pain)
            await asyncio.sleep(120.0)
            relieve(system, pain)  # so that each is a signal of its own
        signals = sum("Raised" in line and "level=0" in line for line in await log(system))
        assert strong > 2 * BUDGET * 7  # what a fixed threshold would let through breaks the bound
        assert 1 <= signals <= BUDGET * 7
        assert human.pages == []


async def test_an_event_is_felt_however_many_indices_were() -> None:
    async with levels(Human()) as system:
        for n in range(200):
            feel(system, Pain(f"{PATHS[0]}/unit", f"i{n}", Cause.REGIME, intensity=50.0, since=0.0))
            await asyncio.sleep(60.0)
        feel(system, Pain(f"{PATHS[0]}/unit", "fire", Cause.EXIT))
        await asyncio.sleep(0.1)
        assert any("Raised" in line and "'fire'" in line and "level=0" in line for line in await log(system))


def test_a_change_for_the_worse_is_pain_while_it_lasts_and_relief_when_it_is_over() -> None:
    figures, white = Figures("firm/one", [Index("quality", plan=10.0)]), noise(13)
    felt: list[Any] = []
    for n in range(200):
        felt += figures.performed(performed(10.0 + white(), n), float(n))
    assert {type(one) for one in felt} == {Relief}  # once: what a predecessor felt is over
    assert len(felt) == len(set(felt)) == 3
    felt.clear()
    for n in range(200, 230):
        felt += figures.performed(performed(4.0 + white(), n), float(n))
    assert {type(one) for one in felt} == {Felt}
    assert {one.signal.key.index for one in felt} == {"quality"}
    assert felt[-1].signal.intensity >= 3.5
    felt.clear()
    for n in range(230, 400):
        felt += figures.performed(performed(10.0 + white(), n), float(n))
    assert isinstance(felt[-1], Relief)


def test_a_lasting_change_for_the_better_is_pleasure_and_no_pain() -> None:
    figures, white = Figures("firm/one", [Index("quality", plan=10.0)]), noise(13)
    felt: list[Any] = []
    for n in range(200):
        felt += figures.performed(performed(10.0 + white(), n), float(n))
    for n in range(200, 230):
        felt += figures.performed(performed(16.0 + white(), n), float(n))
    assert any(isinstance(one, Felt) and isinstance(one.signal, Pleasure) for one in felt)
    late = [one for one in felt if isinstance(one, Felt)][-1]
    assert isinstance(late.signal, Pleasure)


def test_five_errors_in_ten_seconds_are_felt_and_what_levels_forbid_are_none() -> None:
    figures = Figures("firm/one", [])
    broken, denied = OutcomeUnknown("tool", 5.0, None), PolicyDenied("tool", "rule", "no")
    assert not any(figures.failed("t", float(n), denied) for n in range(9))
    assert not any(figures.failed("t", 3.0 * n, broken) for n in range(9))
    felt = [one for n in range(5) for one in figures.failed("t", 60.0 + n, broken)]
    assert [type(one) for one in felt] == [Felt]
    assert felt[0].signal.cause is Cause.ERRORS  # type: ignore[union-attr]
    assert figures.passed(70.0) == []
    assert [type(one) for one in figures.passed(74.1)] == [Relief]
    assert figures.passed(80.0) == []


async def test_pleasure_reaches_system_5_of_every_level() -> None:
    async with started() as (system, company):
        await asyncio.sleep(1.0)
        pleasure = Pleasure("company/division/w0", "quality", 4.0)
        system.named("company/division:algedonode", Algedonode).cast(Algedonode.feel, pleasure)
        await asyncio.sleep(0.5)
        for level in (company, system.named("company/division", ViableSystem)):
            log = await level.call(ViableSystem.decisions, 0, "pleasure")
            assert [entry.body for entry in log] == [{"path": pleasure.path, "index": "quality"}]
