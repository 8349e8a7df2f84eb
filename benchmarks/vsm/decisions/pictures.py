"""Decisions in a picture: what three policies say of a refund, what they come to, and how a question ends.

    python -m benchmarks.vsm.decisions.pictures [--out build/vsm]

Ends with status 1 if a decision is not the strictest of what the policies say.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.vsm.plot import Mark, Panel, save
from cybernetic.vsm.decisions import (
    Action,
    Allow,
    Deny,
    Escalate,
    Policy,
    Rulebook,
    Tier,
    Verdict,
    open_question,
    strictest,
    strictness,
)

LAST_WORD = Escalate("owner", deadline=900, on_timeout=Deny("no answer"))


def small_ones(action: Any, context: Any) -> Verdict:
    """Refunds below 50 are done, larger ones are asked about."""
    return Allow() if action.usd < 50 else Escalate("support lead", deadline=600, on_timeout=LAST_WORD)


def never_more_than_paid(action: Any, context: Any) -> Verdict:
    """An invariant: nobody gets back more than was paid."""
    return Allow() if action.usd <= action.paid else Deny("more than was paid")


def unlucky(action: Any, context: Any) -> Verdict:
    """A policy with a defect: it fails on the amount of 100 exactly, and so denies it."""
    _ = 1 / (action.usd - 100)
    return Allow()


POLICIES = (
    Policy("small ones", 1, small_ones),
    Policy("never more than paid", 1, never_more_than_paid, Tier.INVARIANT),
    Policy("with a defect", 1, unlucky, Tier.IMPROVEMENT),
)


def verdicts() -> tuple[list[Panel], bool]:
    """Each policy alone, and all of them together, over the amount of a refund of what cost 120."""
    book, good = Rulebook(), True
    for policy in POLICIES:
        book = book.adopt(policy, now=0.0)
    amounts = range(0, 161, 5)
    together, alone = [], {policy.name: list[tuple[float, float]]() for policy in POLICIES}
    for usd in amounts:
        decision = book.decide(Action("refund", {"usd": usd, "paid": 120}))
        good &= decision.verdict == strictest(opinion.verdict for opinion in decision.opinions)
        together.append((float(usd), float(strictness(decision.verdict)[0])))
        for policy, opinion in zip(POLICIES, decision.opinions, strict=True):
            alone[policy.name].append((float(usd), float(strictness(opinion.verdict)[0])))
    panels = [
        Panel(
            "What each policy says of a refund (0 allow, 1 escalate, 2 deny)",
            [Mark(points, name, "dots") for name, points in alone.items()],
            x="usd",
            y="strictness",
            y_range=(-0.2, 2.2),
            height=170,
        ),
        Panel(
            "What they come to: the strictest",
            [Mark(together, "decision", "dots")],
            x="usd",
            y="strictness",
            y_range=(-0.2, 2.2),
            height=170,
        ),
    ]
    return panels, good


def silence() -> Panel:
    """Nobody answers: the chain of an escalation asks one after the other, then the declared verdict holds."""
    escalation = Escalate("support lead", deadline=600, on_timeout=LAST_WORD)
    question, points = open_question(escalation, now=0.0), []
    for now in range(0, 1801, 10):
        at = question.tick(float(now))
        points.append((float(now), 2.0 if at.verdict is not None else float(len(at.passed))))
    return Panel(
        "A question nobody answers (0 the lead is asked, 1 the owner, 2 denied as declared)",
        [Mark(points, "who is asked", "steps")],
        x="seconds",
        y="link",
        y_range=(-0.2, 2.2),
        moments=[(600.0, "deadline"), (1500.0, "deadline")],
        height=170,
    )


def main() -> int:
    """Decide, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("build/vsm"))
    options = parser.parse_args()
    panels, good = verdicts()
    print(save(options.out / "decisions.svg", [*panels, silence()]))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
