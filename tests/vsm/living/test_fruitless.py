"""Audits and inspections of a unit that come to nothing, one after another, hurt: who cannot see says so."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill
from cybernetic.core import Refusal
from cybernetic.vsm import ViableSystem
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.fruitless import MOST
from cybernetic.vsm.ports.proofs import Proofs
from tests.vsm.living.company import started
from tests.vsm.living.inspected import ask, audited, auditor, right, standing


async def hurts(desk: Any, index: str) -> set[str]:
    """The units at which it hurts so."""
    return {one.pain.path for one in await desk.call(ViableSystem.alarms) if one.pain.index == index}


class Sight:
    """Whether who looks at the first unit sees anything; the second he always sees."""

    blind = True

    @classmethod
    async def right(cls, evidence: Any) -> bool:
        """Reckons itself, if it sees."""
        cls.looks(evidence.path)
        return right(evidence)

    @classmethod
    async def well(cls, state: Any) -> bool:
        """All is well, if it sees."""
        cls.looks(state.path)
        return True

    @classmethod
    async def hangs(cls, state: Any) -> bool:
        """As long as it is blind."""
        if cls.blind and state.path == "desk/a":
            await asyncio.Event().wait()
        return True

    @classmethod
    def looks(cls, path: str) -> None:
        """Raises while it is blind."""
        if cls.blind and path == "desk/a":
            raise ValueError("as told")


@pytest.fixture(autouse=True)
def _blind() -> None:
    Sight.blind = True


async def turns(desk: Any, count: int) -> None:
    """One audit of the first unit, and ten of the other, so that the verifier is believed; so often."""
    for n in range(count):
        await ask(desk, n, to="desk/a")
        await ask(desk, *range(10), to="desk/b")


async def test_audits_of_one_unit_that_always_fail_hurt_until_one_does_not() -> None:
    async with started(audited(probability=1.0, verify=Sight.right)) as (system, desk):
        await turns(desk, MOST - 1)
        assert await hurts(desk, "unaudited") == set()
        await turns(desk, 1)
        assert await hurts(desk, "unaudited") == {"desk/a"}
        assert not (await auditor(system, Auditor.health)).suspect
        await asyncio.sleep(1.5)
        system.whereis("desk:audit").exit(Kill())  # its successor knows that it hurts
        await asyncio.sleep(1.5)
        Sight.blind = False
        await turns(desk, 1)
        assert await hurts(desk, "unaudited") == set()


@pytest.mark.parametrize("refused", [False, True])
async def test_so_do_those_of_which_the_evidence_is_never_had(
    refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Proofs.evidence

    def evidence(self: Any, task: str) -> Any:
        """What is asked of the first unit comes to nothing."""
        if self._path != "desk/a" or not Sight.blind:
            return whole(self, task)
        if refused:
            raise Refusal("as told")
        return None

    monkeypatch.setattr(Proofs, "evidence", evidence)
    async with started(audited(probability=1.0)) as (_, desk):
        await turns(desk, MOST)
        assert await hurts(desk, "unaudited") == {"desk/a"}
        Sight.blind = False
        await turns(desk, 1)
        assert await hurts(desk, "unaudited") == set()


@pytest.mark.parametrize("inspect", [Sight.well, Sight.hangs])
async def test_so_do_inspections_that_raise_or_hang(inspect: Any) -> None:
    cls = audited(probability=0.0, every=60.0, inspect=inspect, patience=5.0)
    cls.pulse = 5.0  # it is about inspections, of which there is one each minute
    async with started(cls) as (_, desk):
        await asyncio.sleep(1800.0)
        assert await hurts(desk, "uninspected") == {"desk/a"}
        Sight.blind = False
        await asyncio.sleep(600.0)
        assert await hurts(desk, "uninspected") == set()


async def test_who_was_clean_is_not_called_so_any_more_until_he_is_seen_again() -> None:
    Sight.blind = False
    async with started(audited(probability=1.0, verify=Sight.right)) as (_, desk):
        await turns(desk, 1)
        Sight.blind = True
        await turns(desk, MOST - 1)
        assert await standing(desk) == "clean"
        await turns(desk, 1)
        assert await standing(desk) == "unaudited"
        assert await standing(desk, "desk/b") == "clean"
        Sight.blind = False
        await turns(desk, 1)
        assert await standing(desk) == "clean"


async def test_a_verifier_that_is_not_believed_hurts_once_and_not_at_each_unit() -> None:
    def raises(evidence: Any) -> bool:
        raise ValueError("as told")

    async with started(audited(probability=1.0, verify=raises)) as (_, desk):
        await ask(desk, *range(40))
        assert await hurts(desk, "verifier") == {"desk"}
        assert await hurts(desk, "unaudited") == set()


async def test_what_may_not_be_spent_on_audits_hurts_nobody() -> None:
    async def dear(evidence: Any, use: Any) -> bool:
        raise Refusal("nothing is left")

    async with started(audited(probability=1.0, verify=dear, independent_of="kb")) as (_, desk):
        await ask(desk, *range(40))
        assert await desk.call(ViableSystem.alarms) == ()
