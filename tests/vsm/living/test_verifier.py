"""The verifier of audits: it pays its way, keeps off what it audits, and is itself not believed without proof."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic.core import Chance
from cybernetic.vsm import Budget, Canary, Cost, Operation, Outcome, Port, Rate, Task, ViableSystem, unit
from cybernetic.vsm.audit import Account, Audit, Sampler, VerifierHealth
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.inspection.auditor import AT_ONCE, Auditor
from cybernetic.vsm.inspection.surprises import PURPOSE
from tests.vsm.living.company import PAGER, started
from tests.vsm.living.inspected import Desk, Kb, ask, audited, auditor, log, standing

CANARIES = (Canary("ask", 3, 6, True), Canary("ask", 3, 7, False))


@pytest.fixture(autouse=True)
def _honest() -> None:
    Kb.lies = False


def blind(evidence: Any) -> bool:
    """Calls everything good."""
    return True


def raises(evidence: Any) -> bool:
    """Cannot."""
    raise ValueError("as told")


async def test_a_verifier_that_fails_its_canaries_is_not_believed_and_that_hurts() -> None:
    async with started(audited(verify=blind, canaries=CANARIES)) as (_, desk):
        await ask(desk, *range(200))
        assert await standing(desk) == "verifier suspect"
        assert "verifier" in {climb.pain.index for climb in await desk.call(ViableSystem.alarms)}
    async with started(audited(canaries=CANARIES)) as (system, desk):
        await ask(desk, *range(200))
        assert await standing(desk) == "clean"
        assert (await auditor(system, Auditor.health)).canaries.audits > 5


async def test_a_verifier_that_is_not_believed_takes_no_port_out_of_use() -> None:
    def grim(evidence: Any) -> bool:
        return False

    async with started(audited(verify=grim, canaries=CANARIES * 4)) as (_, desk):
        await ask(desk, *range(100))
        assert await log(desk, "quarantine") == []


def test_a_verifier_is_believed_again_only_after_it_was_right_for_long() -> None:
    health = VerifierHealth()
    for _ in range(2):
        health = health.after_canary(False)
    assert health.suspect
    assert health.after_canary(True).suspect
    for _ in range(40):
        health = health.after_canary(True)
    assert not health.suspect


async def test_a_verifier_that_raises_is_counted_and_stops_nobody() -> None:
    async with started(audited(verify=raises)) as (system, desk):
        await ask(desk, *range(60))
        assert await standing(desk) == "unaudited"
        assert (await auditor(system, Auditor.dossiers))["desk/a"].missed > 5
        assert (await auditor(system, Auditor.health)).suspect
        assert "ValueError: as told" in (await log(desk, "unverified"))[0]["why"]


async def test_a_verifier_that_hangs_is_given_up_and_others_wait_no_longer_than_that() -> None:
    busy, most = 0, 0

    async def hangs(evidence: Any) -> bool:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        try:
            await asyncio.Event().wait()
        finally:
            busy -= 1
        return True

    async with started(audited(probability=1.0, verify=hangs, patience=5.0)) as (system, desk):
        await ask(desk, *range(40))
        assert asyncio.get_running_loop().time() < 2.0  # nobody waited for it
        assert most == AT_ONCE
        await asyncio.sleep(30.0)
        assert sum(one.missed for one in (await auditor(system, Auditor.dossiers)).values()) == 40
        assert PAGER.pages == [] or all(page.pain.index != "audit silent" for _, page in PAGER.pages)


async def test_a_verdict_that_is_none_counts_for_nothing() -> None:
    async with started(audited(verify=lambda evidence: None)) as (_, desk):
        await ask(desk, *range(40))
        assert await standing(desk) == "unaudited"
        assert await log(desk, "quarantine") == []


async def test_the_auditor_may_not_use_what_it_audits() -> None:
    async def same(evidence: Any, use: Any) -> bool:
        used = await use("kb", Kb.search, evidence.task.body)
        return bool(used.value == evidence.outcome.value)

    async def other(evidence: Any, use: Any) -> bool:
        used = await use("manual", Kb.looked_up, evidence.task.body)
        return bool(used.value == evidence.outcome.value)

    async with started(audited(verify=same, independent_of="kb")) as (_, desk):
        await ask(desk, *range(40))
        assert await standing(desk) == "unaudited"
        assert "independent of" in (await log(desk, "unverified"))[0]["why"]
    async with started(audited(verify=other, independent_of="kb")) as (_, desk):
        await ask(desk, *range(40))
        assert await standing(desk) == "clean"


async def test_audits_spend_their_share_of_the_budget_and_no_more() -> None:
    spent = 0.0

    async def dear(evidence: Any, use: Any) -> bool:
        nonlocal spent
        await use("manual", Kb.looked_up, evidence.task.body, upper=Cost(usd=0.05))
        spent += 0.05
        return True

    cls = audited(probability=1.0, verify=dear, independent_of="kb", budget_share=0.05)
    paying = type("Desk", (cls,), {"budget": Budget(usd=10, per=600), "__module__": __name__})
    async with started(paying) as (_, desk):
        await asyncio.sleep(3.0)
        await ask(desk, *range(200))
        await asyncio.sleep(5.0)
        assert 0.3 <= spent <= 0.5 + 1e-9
        allocator = await desk.call(ViableSystem.ledger)
        ledger = allocator.purse.ledger(0)
        assert ledger.open["desk:audit"].upper <= Vector(usd=0.5)
        assert ledger.committed <= Vector(usd=10)
        await asyncio.sleep(620.0)
        settled = (await desk.call(ViableSystem.ledger)).purse.ledger(0).closed["desk:audit"]
        assert settled.final
        assert settled.actual == Vector(usd=round(spent, 2))


async def test_a_paced_port_is_paced_for_the_verifier_too() -> None:
    times: list[float] = []

    async def slow(evidence: Any, use: Any) -> bool:
        await use("slow", lambda: times.append(asyncio.get_running_loop().time()))
        return True

    cls = audited(probability=1.0, verify=slow, independent_of="kb")
    ports = {**Desk.ports, "slow": Port(rate=Rate(1.0))}
    async with started(type("Desk", (cls,), {"ports": ports, "__module__": __name__})) as (_, desk):
        await ask(desk, *range(20))
        await asyncio.sleep(40.0)
        assert len(times) == 20
        assert times[-1] - times[0] >= 18.0


async def test_work_that_is_better_than_its_report_is_commended() -> None:
    async with started(audited(probability=1.0)) as (system, desk):
        await ask(desk, 1, 2, kind="modest", to="desk/a")
        assert len(await log(desk, "commendation")) == 2
        assert (await auditor(system, Auditor.dossiers))["desk/a"].commended == 2


async def test_the_port_that_a_verifier_blames_is_taken_out_of_use() -> None:
    def blames(evidence: Any) -> Account:
        return Account(evidence.task.body % 2 == 0, ports=("manual",))

    async with started(audited(verify=blames)) as (_, desk):
        await ask(desk, *range(60))
        assert {one["port"] for one in await log(desk, "quarantine")} == {"manual"}


class Strays(Operation):
    """Chartered for one kind of task."""

    purposes: ClassVar[Any] = {"ask": 0.9, "sell": 0.1}

    async def handle(self, task: Task) -> Outcome:
        """Takes a second."""
        used = await self.use("kb", asyncio.sleep, 1.0)
        return Outcome(0, evidence=[used.receipt])


class Shop(Desk):
    """Of one unit that has purposes."""

    audit = Audit(probability=0.0, verify=blind)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Strays, id="a")]


async def test_what_a_unit_does_is_compared_with_what_it_is_for() -> None:
    async with started(Shop) as (_, shop):
        for n in range(200):
            await ask(shop, n, kind="ask" if n % 10 else "sell")
        await asyncio.sleep(20 * PURPOSE)  # by then it has been inspected again
        gaps = (await shop.call(ViableSystem.status)).gaps
        assert 0.0 <= gaps["shop/a"] < 0.1
        assert not [one for one in await shop.call(ViableSystem.alarms) if one.pain.index == "purpose"]
        for n in range(900):
            await ask(shop, n, kind="sell")
        await asyncio.sleep(20 * PURPOSE)
        gaps = (await shop.call(ViableSystem.status)).gaps
        assert gaps["shop/a"] > 0.5
        assert [one.pain.path for one in await shop.call(ViableSystem.alarms) if one.pain.index == "purpose"]


async def test_inspections_come_at_times_that_nobody_can_foresee() -> None:
    times: list[float] = []

    def thrifty(state: Any) -> bool:
        times.append(asyncio.get_running_loop().time())
        return bool(state.tasks.get("ask", 0) < 5)

    cls = audited(probability=0.0, every=60.0, inspect=thrifty)
    async with started(cls) as (_, desk):
        await asyncio.sleep(3600.0)
        assert 80 <= len(times) <= 160  # two units, once a minute each
        gaps = [after - before for before, after in pairwise(times)]
        mean = sum(gaps) / len(gaps)
        spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
        assert 0.7 < spread / mean < 1.3  # as of a Poisson process; a clock's would be near 0
        assert await log(desk, "finding") == []
        await ask(desk, *range(10), to="desk/a")
        await asyncio.sleep(600.0)
        assert {one["unit"] for one in await log(desk, "finding")} == {"desk/a"}


def test_t_s3star_unpredictable_what_a_unit_sees_says_nothing_of_the_next_audit() -> None:
    """A permutation test: the best split of the features a unit has does no better than on shuffled labels."""
    sampler = Sampler(b"a secret of the auditor's", 0.3)
    tasks = [f"{n:016x}" for n in range(3000)]
    picked = [sampler.picks(task, 0.3) for task in tasks]
    features = [
        [n % 2, n % 3, n % 7, n % 10, int(task[-1], 16) > 7, picked[n - 1] if n else False]
        for n, task in enumerate(tasks)
    ]

    def told(labels: list[bool]) -> float:
        best = 0.0
        for column in zip(*features, strict=True):
            for value in set(column):
                of = [label for label, one in zip(labels, column, strict=True) if one == value]
                best = max(best, abs(sum(of) / len(of) - 0.3) * len(of) ** 0.5)
        return best

    seen, stream = told(picked), Chance(7).stream("permutations")
    others = []
    for _ in range(99):
        labels = list(picked)
        stream.shuffle(labels)
        others.append(told(labels))
    assert sum(other >= seen for other in others) >= 1  # p >= .01
    foreseen = [n % 10 < 3 for n in range(3000)]  # a lot that could be foreseen is seen through
    assert told(foreseen) > max(others)


async def test_t_s3star_unpredictable_without_the_secret_the_lot_is_another() -> None:
    tasks = [f"{n:016x}" for n in range(2000)]
    one, other = (Sampler(secret, 0.5) for secret in (b"a" * 16, b"b" * 16))
    same = sum(one.picks(task, 0.5) == other.picks(task, 0.5) for task in tasks)
    assert 900 < same < 1100
