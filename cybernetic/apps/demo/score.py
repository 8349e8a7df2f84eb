"""The score of a company: what its world has counted."""

from collections.abc import Mapping
from statistics import fmean

from cybernetic.apps.demo.companies.company import Company
from cybernetic.apps.demo.companies.lines import lines_of
from cybernetic.apps.demo.frames import Score
from cybernetic.apps.demo.world.owner import Matter
from cybernetic.apps.demo.world.plan import AGENTS, DIVISIONS, Plan
from cybernetic.apps.demo.world.world import BUDGET, World

STOPS = ("campaign", "hang", "outage")
RAMPED = 900.0  # seconds from the beginning of a ramp in which its backlog is watched


def score(world: World, company: Company, arm: str, cpu: float, peak: int) -> Score:
    """What a company has come to so far; `peak` is the largest backlog of the ramp until now."""
    at, owner = world.now(), company.owner
    seen = world.customers.seen(at)
    hang = world.plan.of("hang")
    human: float | None = None
    if hang is not None and at >= hang.at:
        heard = owner.heard.get(Matter("hang", hang.target))
        human = float("inf") if heard is None else round(heard - hang.at, 6)
    ramp = world.plan.of("ramp")
    if ramp is not None and ramp.at <= at < watched(world.plan):
        peak = max(peak, seen.waiting[ramp.target])
    return Score(
        offered=seen.offered,
        done=seen.done,
        failed=seen.failed,
        waiting=seen.waiting.total(),
        lost=seen.lost,
        wrong=seen.wrong,
        spent=round(sum(world.spent.values()), 6),
        budget=BUDGET,
        refused=world.provider.refused,
        audits=world.audits,
        messages=company.messages,
        cpu=cpu,
        pages=len(owner.pages),
        false_pages=owner.false,
        human=human,
        looked=world.looked,
        found=world.found,
        p95=seen.p95,
        jain=fairness(world.customers.done_by),
        backlog=seen.waiting.total(),
        peak=peak,
        released=world.released,
        lines=lines_of(arm),
    )


def watched(plan: Plan) -> float:
    """Until which second the backlog of the ramp is watched: what stops all work later on would hide it."""
    ramp = plan.of("ramp")
    if ramp is None:
        return 0.0
    stops = [one.at for one in plan.incidents if one.kind in STOPS and one.at > ramp.at]
    return min([ramp.at + RAMPED, *stops])


def fairness(done: Mapping[str, float]) -> float:
    """How evenly the agents of a division got their share of its work, on the average of the divisions."""
    shares = [[done.get(f"{one}/{agent}", 0.0) for agent in AGENTS[one]] for one in DIVISIONS]
    return round(fmean(jain(each) for each in shares), 6)


def jain(shares: list[float]) -> float:
    """Jain's index of fairness: 1 where all got the same, 1/n where one got all."""
    total = sum(shares)
    return total * total / (len(shares) * sum(one * one for one in shares)) if total else 1.0
