"""What anybody may ask of a level about its future: the outlook, the balance, and the bands it should be within."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill
from cybernetic.core import OptionError
from cybernetic.vsm import Audit, ViableSystem
from cybernetic.vsm.governance.governance import Governance
from cybernetic.vsm.homeostat import Bands, ConversationState
from cybernetic.vsm.intelligence.intelligence import Intelligence
from tests.vsm.living.company import started
from tests.vsm.living.test_intelligence import Pair, come


async def test_the_outlook_has_forecasts_with_intervals_skill_and_what_was_proposed() -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(50))
        await asyncio.sleep(1.0)  # what is talked of just now has come to an end
        seen = await company.call(ViableSystem.outlook)
        assert (seen.tick, seen.ahead) == (10.0, 60.0)
        assert set(seen.arrivals) == {"pair/left", "pair/right"}
        left, right = seen.arrivals["pair/left"], seen.arrivals["pair/right"]
        assert right.low < right.expected < right.high < left.low < left.expected < left.high
        assert left.mase is not None
        assert left.mase < 1.0
        assert not left.muted
        assert seen.proposals
        agreed = [one for one in seen.proposals if one.state is ConversationState.AGREED]
        assert agreed[0].proposal.issue == "demand of pair/left"
        assert seen.premises[0].unit == "pair/left"
        log = await company.call(ViableSystem.decisions, 0, "talk")
        assert [entry.body["proposal"].id for entry in log] == [one.proposal.id for one in seen.proposals]


async def test_the_balance_is_of_the_period_that_runs_and_each_index_has_its_band() -> None:
    async with started(Pair) as (system, company):
        before = await company.call(ViableSystem.balance)
        assert before.last is None
        assert before.indices["churn"].value == 0.0
        await come(system, "pair", range(50))
        await asyncio.sleep(1.0)  # what is talked of just now has come to an end
        found = await company.call(ViableSystem.balance)
        assert found.indices["churn"].value > 0.0
        assert found.indices["answered"].value == 1.0
        await company.call(ViableSystem.set_bands, Bands(churn=(0.0, 0.1)), "less change")
        found = await company.call(ViableSystem.balance)
        assert not found.indices["churn"].held
        assert found.bands.churn == (0.0, 0.1)
        (entry,) = await company.call(ViableSystem.decisions, 0, "bands")
        assert entry.body["why"] == "less change"


async def test_without_system_4_the_balance_says_so() -> None:
    async with started() as (_, company):
        await company.within(None).call(ViableSystem.ablate, "s4")
        assert (await company.call(ViableSystem.balance)).running is None


@pytest.mark.parametrize("victim", ["policy", "intelligence"])
async def test_bands_hold_whoever_of_systems_4_and_5_is_born_anew(victim: str) -> None:
    async with started(Pair) as (system, company):
        await company.call(ViableSystem.set_bands, Bands(churn=(0.0, 0.0001)), "no change")
        ref = system.whereis(f"pair:{victim}", Governance if victim == "policy" else Intelligence)
        assert ref is not None
        ref.exit(Kill())
        await asyncio.sleep(2.0)
        await come(system, "pair", range(50))
        log = await company.call(ViableSystem.decisions, 0, "shift")
        shifts = [tuple(entry.body["weights"].values()) for entry in log if entry.body["weights"]]
        assert len(set(shifts)) <= 1  # the first is within any band, and to renew it changes nothing


async def test_a_shift_in_force_and_its_premises_outlive_system_4() -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(50))
        before = await company.call(ViableSystem.outlook)
        assert before.premises
        ref = system.whereis("pair:intelligence")
        assert ref is not None
        ref.exit(Kill())
        await asyncio.sleep(2.0)
        after = await company.call(ViableSystem.outlook)
        assert after.premises == before.premises
        await asyncio.sleep(30.0)  # nothing comes any more, as far as the new one sees
        assert (await company.call(ViableSystem.outlook)).premises == ()


@pytest.mark.parametrize("secret", [b"", b"x", b"fifteen bytes.."[:15], "text", 7])
def test_a_secret_is_bytes_enough_and_never_shown(secret: Any) -> None:
    with pytest.raises(OptionError, match="secret"):
        Audit(secret=secret)
    assert "hidden" not in repr(Audit(secret=b"hidden from all of them"))
