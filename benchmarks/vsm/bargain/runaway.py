"""A runaway: eight agents share 250 dollars an hour; after five minutes one begins to loop at ten times its
rate.

Four ways to hold them: not at all; each its own cap; one budget for all, first come first served; leases of
one minute, divided by what each has earned. `python -m benchmarks.vsm.bargain.runaway [--runs N] [--out
FOLDER]` prints what each costs and draws the spending. Status 1 if the leases spend more than the budget.
"""

import argparse
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from random import Random
from statistics import mean, stdev

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.core import Chance
from cybernetic.vsm.bargain import (
    BudgetExhausted,
    Claim,
    Cost,
    Ledger,
    Productivity,
    Vector,
    divide,
    earned_weights,
)

AGENTS, HOUR, EPOCH, BUDGET = 8, 3600.0, 60.0, 250.0
RATE = 0.2  # calls a second of an agent in its right mind
PRICE, SPREAD = 0.037, 0.5  # dollars a call, and how far it varies; the upper bound is the most it can be
UPPER = Cost(usd=PRICE * (1 + SPREAD))
LOOP_AT, LOOP_RATE, LOOPER = 300.0, 10.0, "agent-0"
ARMS = ("none", "caps of 1.5 shares", "one budget for all", "leases by earnings")


@dataclass
class Hour:
    """What an hour came to: dollars in all and of the looping agent, calls of use, when the loop stood out."""

    spent: float = 0.0
    looped: float = 0.0
    useful: int = 0
    noticed: float | None = None
    curve: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Agent:
    ledger: Ledger
    earned: Productivity


def run(arm: str, seed: int) -> Hour:
    """One hour, epoch by epoch; in an epoch the calls of all agents in the order of their times."""
    chance, hour = Chance(seed), Hour()
    plenty = Vector(usd=1e6)
    cap = {"none": plenty, "caps of 1.5 shares": Vector(usd=1.5 * BUDGET / AGENTS)}.get(arm, Vector())
    agents = {f"agent-{k}": Agent(Ledger(cap), Productivity(horizon=3.0)) for k in range(AGENTS)}
    shared = Ledger(Vector(usd=BUDGET))
    for epoch in range(round(HOUR / EPOCH)):
        begins = epoch * EPOCH
        if arm == "leases by earnings":
            lend(agents, BUDGET * (epoch + 1) / (HOUR / EPOCH) - hour.spent, begins)
        refused: set[str] = set()
        for at, name in calls(chance.stream("calls", epoch), list(agents), begins):
            agent = agents[name]
            ledger = shared if arm == "one budget for all" else agent.ledger
            try:
                held = ledger.reserve(f"{at}", UPPER, at, at + 10.0)
            except BudgetExhausted:
                refused.add(name)
                continue
            cost = PRICE * (1 + SPREAD * (2 * chance.uniform("cost", at) - 1))
            after = fresh(held.settle(f"{at}", Vector(usd=cost)))
            if arm == "one budget for all":
                shared = after
            else:
                agent.ledger = after
            book(hour, agent, name, at, cost)
        if begins >= LOOP_AT and hour.noticed is None and LOOPER in refused and refused != set(agents):
            hour.noticed = begins + EPOCH - LOOP_AT
    return hour


def lend(agents: dict[str, Agent], due: float, now: float) -> None:
    """Divide what is due by now; what was not used comes back by itself, for it was never spent."""
    worth = {name: agent.earned.ratio for name, agent in agents.items() if agent.earned.spent}
    weights = earned_weights(dict.fromkeys(agents, 1.0), worth, epsilon=0.05)
    claims = {name: Claim(weight, cap=1.4 / AGENTS) for name, weight in weights.items()}
    for name, grant in divide(Vector(usd=max(0.0, due)), claims).items():
        agents[name].ledger = Ledger(grant, until=now + EPOCH)


def calls(chance: Random, names: list[str], begins: float) -> list[tuple[float, str]]:
    found = []
    for name in names:
        at = begins
        while True:
            looping = name == LOOPER and at >= LOOP_AT
            at += chance.expovariate(RATE * (LOOP_RATE if looping else 1.0))
            if at >= begins + EPOCH:
                break
            found.append((at, name))
    return sorted(found)


def book(hour: Hour, agent: Agent, name: str, at: float, cost: float) -> None:
    looping = name == LOOPER and at >= LOOP_AT
    agent.earned = agent.earned.after(0.0 if looping else 1.0, cost)
    hour.spent += cost
    hour.looped += cost if looping else 0.0
    hour.useful += not looping
    hour.curve.append((at, hour.spent))


def fresh(ledger: Ledger) -> Ledger:
    """The ledger without its settled calls: nothing comes twice in this world, and an hour has thousands."""
    return Ledger(ledger.grant.less(ledger.spent), ledger.until)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=10)
    arguments.add_argument("--out", type=Path, default=Path("build/vsm"))
    args = arguments.parse_args()
    results = {arm: [run(arm, seed) for seed in range(args.runs)] for arm in ARMS}
    print(f"{AGENTS} agents, {BUDGET:g} dollars an hour, {args.runs} runs; mean ± standard error.\n")
    print("| | spent $ | by the loop $ | useful calls | loop refused after s |\n|---|---|---|---|---|")
    for arm, hours in results.items():
        noticed = [hour.noticed for hour in hours if hour.noticed is not None]
        cells = (
            said([hour.spent for hour in hours]),
            said([hour.looped for hour in hours]),
            said([float(hour.useful) for hour in hours]),
            said(noticed) if noticed else "never",
        )
        print(f"| {arm} | " + " | ".join(cells) + " |")
    marks = [Mark(hours[0].curve[::20], arm) for arm, hours in results.items()]
    panel = Panel("Spending of eight agents, one of which loops", marks, "s", "dollars")
    looping = [
        Mark([(at, spent) for at, spent in hours[0].curve[::20] if at < 900], arm)
        for arm, hours in results.items()
    ]
    levels = [(BUDGET, "the budget")]
    close = Panel("The first quarter of an hour", looping, "s", "dollars", moments=[(LOOP_AT, "it loops")])
    panel = Panel(panel.title, marks, "s", "dollars", levels=levels, moments=[(LOOP_AT, "it loops")])
    print("\nPicture:", save(args.out / "runaway.svg", [panel, close]))
    return int(any(hour.spent > BUDGET for hour in results["leases by earnings"]))


def said(values: list[float]) -> str:
    error = stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{mean(values):.1f} ± {error:.1g}"


if __name__ == "__main__":
    raise SystemExit(main())
