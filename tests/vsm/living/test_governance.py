"""System 5 alive: policies that reach everybody, what is remembered of them, and questions put to people."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.vsm import (
    Allow,
    Channel,
    Deny,
    Escalate,
    Line,
    NoSuchQuestion,
    Policy,
    PolicyDenied,
    PolicyRefused,
    ViableSystem,
    line_name,
    unit,
)
from cybernetic.vsm.decisions import NO_RULES, Authority, AuthorityMatrix, Reception, Tier, decision_table
from tests.vsm.living.company import PAGER, TOOL, Company, Worker, done, started

UNITS = {"company": ["company/division", "company/solo"]}
UNITS["company/division"] = ["company/division/w0", "company/division/w1"]


def nothing(action: Any, context: Any) -> Deny:
    """Denies everything."""
    return Deny("closed")


def anything(action: Any, context: Any) -> Allow:
    """Allows everything."""
    return Allow()


def ask(action: Any, context: Any) -> Escalate:
    """Asks a human."""
    return Escalate("human", deadline=30.0, on_timeout=Deny("nobody answered"))


def ask_two(action: Any, context: Any) -> Escalate:
    """Asks a human, then the owner, and goes on when nobody minds."""
    return Escalate("human", 10.0, on_timeout=Escalate("owner", 10.0, on_timeout=Allow()))


def ruled(*policies: Policy, **declared: Any) -> type[Company]:
    """The company with policies of its own."""
    return type("Company", (Company,), {"policies": policies, **declared})


Asking = ruled(Policy("ask", 1, ask))
AskingTwo = ruled(Policy("ask", 1, ask_two))
Held = ruled(Policy("core", 1, NO_RULES.decide, Tier.INVARIANT), purpose="see to it")


async def acting(system: System, top: Any) -> list[int]:
    """Under which revision of its own level each unit acts, less the one in force: all zero when all know."""
    found = []
    for level, units in UNITS.items():
        company = system.named(level, ViableSystem) if "/" in level else top
        revision = (await company.call(ViableSystem.rules)).revision
        known = (await company.call(ViableSystem.status)).known
        found += [known[one] - revision for one in units]
    return found


async def asked(company: Any) -> str:
    """The id of the one question that waits."""
    await asyncio.sleep(1.0)
    (id,) = await company.call(ViableSystem.questions)
    return str(id)


async def test_t_s5_monotone_a_policy_is_known_at_every_level_within_a_second() -> None:
    async with started() as (system, company):
        await done(company, "company/division")
        await company.call(ViableSystem.set_policy, Policy("closed", 1, nothing), "storm")
        await asyncio.sleep(1.0)
        assert await acting(system, company) == [0, 0, 0, 0]
        for to in ("solo", "division/w0"):
            with pytest.raises(PolicyDenied, match="closed"):
                await done(company, f"company/{to}")


@pytest.mark.parametrize(
    "part", ["company/solo:porter", "company/division:policy", "company/division/w0:porter", "company:policy"]
)
async def test_who_has_only_begun_acts_under_what_was_set_before(part: str) -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.set_policy, Policy("closed", 1, nothing), "storm")
        await asyncio.sleep(1.0)
        system.named(part, Worker).exit(Kill())
        await asyncio.sleep(4.0)
        assert await acting(system, company) == [0, 0, 0, 0]
        for to in ("solo", "division/w0"):
            with pytest.raises(PolicyDenied, match="closed"):
                await done(company, f"company/{to}")


async def test_a_policy_that_is_set_while_system_3_is_away_is_told_when_it_is_back() -> None:
    async with started() as (system, company):
        await company.call(ViableSystem.set_policy, Policy("open", 1, NO_RULES.decide))
        await asyncio.sleep(1.0)
        system.named("company:control", Worker).exit(Kill())
        await asyncio.sleep(0.01)
        await company.call(ViableSystem.set_policy, Policy("closed", 1, nothing), "storm")
        await asyncio.sleep(4.0)
        assert await acting(system, company) == [0, 0, 0, 0]
        with pytest.raises(PolicyDenied, match="closed"):
            await done(company, "company/solo")


async def test_a_policy_is_retired_rolled_back_and_compared_and_all_of_it_is_in_the_log() -> None:
    async with started() as (_, company):
        first = await company.call(ViableSystem.set_policy, Policy("rule", 1, NO_RULES.decide))
        second = await company.call(ViableSystem.set_policy, Policy("rule", 2, nothing), "storm")
        third = await company.call(ViableSystem.rollback_policy, "rule", 1, "over")
        fourth = await company.call(ViableSystem.retire_policy, "rule")
        assert first < second < third < fourth
        (change,) = await company.call(ViableSystem.policy_changes, first, second)
        assert (change.before.version, change.after.version) == (1, 2)
        (change,) = await company.call(ViableSystem.policy_changes, second, third)
        assert (change.after.version, change.after.decide) == (3, NO_RULES.decide)
        (change,) = await company.call(ViableSystem.policy_changes, third, fourth)
        assert change.after is None
        log = await company.call(ViableSystem.decisions, 0, "policy")
        assert [entry.body["revision"] for entry in log] == [first, second, third, fourth]
        assert [entry.body["restores"] for entry in log] == [None, None, 1, None]
        assert log[1].body["why"] == "storm"


async def test_a_change_that_cannot_be_is_refused_and_harms_nobody() -> None:
    async with started(Held) as (_, company):
        for change in (
            (ViableSystem.set_policy, Policy("core", 1, nothing, Tier.INVARIANT)),
            (ViableSystem.set_policy, Policy("core", 2, nothing, Tier.TARGET)),
            (ViableSystem.retire_policy, "core"),
            (ViableSystem.retire_policy, "other"),
            (ViableSystem.rollback_policy, "core", 7),
            (ViableSystem.policy_changes, 1, 999),
        ):
            with pytest.raises(PolicyRefused, match="expected"):
                await company.call(*change)
        identity = await company.call(ViableSystem.identity)
        assert (identity.purpose, identity.invariants) == ("see to it", ("core",))
        assert identity.inside("company/division/w0")
        assert not identity.inside("company/else")
        await company.call(ViableSystem.set_policy, Policy("core", 2, NO_RULES.decide, Tier.INVARIANT))


async def test_policies_and_the_log_survive_a_restart_of_all(tmp_path: Path) -> None:
    class Kept(ViableSystem):
        data: ClassVar[str | None] = str(tmp_path)
        ports = Company.ports

        def units(self) -> list[Any]:
            return [unit(Worker, id="solo")]

    for version in (1, 2):
        async with System() as system:
            company = await system.start(Kept)
            await company.call(ViableSystem.set_policy, Policy("closed", version, nothing))
            await asyncio.sleep(1.0)
            with pytest.raises(PolicyDenied, match=f"closed v{version}"):
                await done(company)
            log = await company.call(ViableSystem.decisions, 0, "policy")
            assert [entry.body["version"] for entry in log] == [1, 2][:version]


async def test_a_human_is_paged_for_a_question_and_what_he_says_is_done() -> None:
    async with started(Asking) as (_, company):
        job = asyncio.ensure_future(done(company, "company/division/w0"))
        id = await asked(company)
        assert id.startswith("company/division?")
        assert id in PAGER.pages[0][1].pain.index
        assert not TOOL.asked
        assert await company.call(ViableSystem.answer, id, Allow(), "human") is Reception.TAKEN
        assert (await job).outcome.good
        assert PAGER.over == [PAGER.pages[0][1].pain.key]


async def test_what_a_human_has_allowed_is_not_asked_again_when_other_policies_come_while_it_waits() -> None:
    async with started(Asking) as (_, company):
        TOOL.refuse, TOOL.retry_after = 1, 10.0
        job = asyncio.ensure_future(done(company, "company/solo"))
        id = await asked(company)
        assert await company.call(ViableSystem.answer, id, Allow(), "human") is Reception.TAKEN
        await asyncio.sleep(2.0)
        assert len(TOOL.asked) == 1
        await company.call(ViableSystem.set_policy, Policy("open", 1, anything))
        assert (await job).outcome.good
        assert len(TOOL.asked) == 2
        assert len(PAGER.pages) == 1


async def test_a_late_double_or_unauthorised_answer_changes_nothing_and_is_in_the_log() -> None:
    async with started(Asking) as (_, company):
        await asyncio.sleep(1.0)
        job = asyncio.ensure_future(done(company, "company/solo"))
        id = await asked(company)
        assert await company.call(ViableSystem.answer, id, Allow(), "somebody") is Reception.UNAUTHORISED
        assert await company.call(ViableSystem.answer, id, Deny("no"), "human") is Reception.TAKEN
        with pytest.raises(PolicyDenied, match="no"):
            await job
        assert await company.call(ViableSystem.answer, id, Allow(), "human") is Reception.DOUBLE
        job = asyncio.ensure_future(done(company, "company/solo"))
        id = await asked(company)
        with pytest.raises(PolicyDenied, match="nobody answered"):
            await job
        assert await company.call(ViableSystem.answer, id, Allow(), "human") is Reception.LATE
        with pytest.raises(NoSuchQuestion):
            await company.call(ViableSystem.answer, "company?x", Allow(), "human")
        with pytest.raises(PolicyRefused, match="an Allow or a Deny"):
            await company.call(ViableSystem.answer, id, Escalate("me"), "human")
        log = await company.call(ViableSystem.decisions, 0, "answer")
        said = [entry.body["reception"] for entry in log]
        assert said == ["UNAUTHORISED", "TAKEN", "DOUBLE", "LATE"]
        ends = await company.call(ViableSystem.decisions, 0, "decision")
        assert [entry.body["by"] for entry in ends] == ["human", "timed out"]
        assert all(entry.body["revision"] == 1 for entry in ends)


async def test_t_s5_last_resort_silence_comes_to_what_was_declared_and_not_before_its_time() -> None:
    async with started(AskingTwo) as (system, company):
        job = asyncio.ensure_future(done(company, "company/solo"))
        await asyncio.sleep(5.0)
        system.named("company:policy", Worker).exit(Kill())  # nobody's death is a word
        await asyncio.sleep(4.0)
        assert not job.done()
        await asyncio.sleep(8.0)
        assert not job.done()
        assert [page.pain.index.partition(":")[0] for _, page in PAGER.pages] == [
            "question for human",
            "question for owner",
        ]
        await asyncio.sleep(4.0)
        assert job.done()
        assert job.result().outcome.good
        (end,) = await company.call(ViableSystem.decisions, 0, "decision")
        assert (end.body["verdict"], end.body["by"]) == (Allow(), "timed out")


async def test_a_question_survives_the_death_of_who_put_it() -> None:
    async with started(Asking) as (system, company):
        job = asyncio.ensure_future(done(company, "company/solo"))
        id = await asked(company)
        for part in ("policy", "control"):
            system.named(f"company:{part}", Worker).exit(Kill())
            await asyncio.sleep(3.0)
        assert await company.call(ViableSystem.answer, id, Allow(), "human") is Reception.TAKEN
        assert (await job).outcome.good
        assert len(PAGER.pages) == 1


async def test_without_system_5_nobody_is_asked_and_nothing_is_allowed() -> None:
    async with started(Asking) as (_, company):
        await company.within(None).call(ViableSystem.ablate, "s5")
        with pytest.raises(PolicyDenied, match="nobody answered"):
            await done(company, "company/solo")
        assert not TOOL.asked


def test_t_s5_total_every_row_of_the_table_is_decided() -> None:
    matrix = AuthorityMatrix({"mail": Authority.AUTO, "refund": Authority.ASK})
    facts = {"kind": ["mail", "refund", "else"], "usd": [0, 10**9, None]}
    rows = list(decision_table([matrix.policy(1), Policy("ask", 1, ask)], facts))
    assert len(rows) == 9
    assert not any(decision.failures for _, decision in rows)
    assert rows == list(decision_table([matrix.policy(1), Policy("ask", 1, ask)], facts))
    assert {action.kind for action, decision in rows if decision.denied} == {"else"}


async def test_t_s5_quiet_where_all_agree_system_5_is_told_nothing() -> None:
    async with started() as (system, company):
        await asyncio.sleep(5.0)
        lines = [system.named(line_name(level, Channel.METASYSTEM), Line) for level in UNITS]
        before = [(await line.call(Line.state)).carried for line in lines]
        for _ in range(60):
            await done(company)
        assert [(await line.call(Line.state)).carried for line in lines] == before
