"""What the demo claims, checked by the program: pure functions of what the companies came to."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from typing import Any

from cybernetic.apps.demo.companies.viable import CLOCKS, PULSE
from cybernetic.apps.demo.frames import ARMS, TICK, Frame, Score
from cybernetic.apps.demo.world.plan import Plan

REFUSALS, AUDITS, FALSE_PAGES = 10, 75, 1
QUICKER, SLACK = 0.7, 1.01
STRAYS = 3  # customers: fewer than that are chance
FEW = 30  # jobs in a division that are work for two minutes, and no backlog
AFTERMATH = 540.0  # seconds from an outage on in which customers are counted: what piled up takes a while
BOUND = 4 * PULSE + 1.0 + CLOCKS.ack + CLOCKS.recovery
"""Seconds from a division's hanging to the call: three beats missed, then the ladder of the level above it."""
UNTOLD = ("cpu", "messages", "lines")  # what differs from machine to machine, or from version to version


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, checked.

    Attributes:
        text: what is claimed.
        wanted: what must come out.
        came: what came out.
        holds: whether it does.
    """

    text: str
    wanted: str
    came: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the scoreboard.

    Attributes:
        name: what is counted.
        values: of each arm, as text, in the order of `ARMS`.
        best: the arms that did best, where one way is better; none where that means nothing.
        verdict: for the viable arm: "won", "tied", "lost", or "" where it is no contest.
    """

    name: str
    values: tuple[str, ...]
    best: tuple[str, ...]
    verdict: str


Scores = Mapping[str, Score]


def claims(plan: Plan, scores: Scores, bound: float) -> tuple[Claim, ...]:
    """All claims about an hour.

    Args:
        plan: what befell the companies.
        scores: by arm, at the end of the hour.
        bound: seconds within which the viable company's owner must have been called.
    """
    checks = (_none_fails, _harmed, _hardly_refused, _within_budget, _found, _quick, _peak, _few_false)
    found = [check(plan, scores) for check in checks]
    return (*found[:5], _heard(plan, scores, bound), *found[5:])


def _none_fails(plan: Plan, scores: Scores) -> Claim:
    failed = scores["viable"].failed
    return Claim("in the viable company no job fails", "0 failed", f"{failed} failed", failed == 0)


def _harmed(plan: Plan, scores: Scores) -> Claim:
    """Who is lost was harmed, and so was who was told something wrong: a company may not buy the one with the other."""
    harmed = {arm: scores[arm].lost + scores[arm].wrong for arm in ARMS}
    wanted, came = harmed["plain"] + STRAYS, harmed["viable"]
    text = f"it loses or misleads at most {STRAYS} more than plain"
    return Claim(text, f"at most {wanted}", f"{came}; {_others(harmed)}", came <= wanted)


def _hardly_refused(plan: Plan, scores: Scores) -> Claim:
    refused = scores["viable"].refused
    text = "the provider hardly ever refuses it"
    return Claim(text, f"at most {REFUSALS} times 429", f"{refused}", refused <= REFUSALS)


def _within_budget(plan: Plan, scores: Scores) -> Claim:
    one = scores["viable"]
    text = "it spends no more than it may"
    return Claim(text, f"at most $ {one.budget:.2f}", f"$ {one.spent:.2f}", one.spent <= one.budget)


def _found(plan: Plan, scores: Scores) -> Claim:
    one, text = scores["viable"], "it finds out that the search tool lies"
    wanted = f"within {AUDITS} audits"
    if plan.of("lie") is None:
        return Claim(text, wanted, "the tool did not lie", True)
    if one.found is None:
        return Claim(text, wanted, f"not within {one.looked}", one.looked < AUDITS)
    return Claim(text, wanted, f"at audit {one.found}", one.found <= AUDITS)


def _heard(plan: Plan, scores: Scores, bound: float) -> Claim:
    text, wanted = "its owner hears of a division that hangs", f"within {bound * SLACK:.1f} s"
    human = scores["viable"].human
    if human is None:
        return Claim(text, wanted, "none hung", True)
    return Claim(text, wanted, f"after {human:.1f} s", human <= bound * SLACK)


def _quick(plan: Plan, scores: Scores) -> Claim:
    plain, viable = scores["plain"], scores["viable"]
    text = f"95 of 100 jobs done well in {QUICKER} of plain agents' time"
    if plan.quiet:
        return Claim(text, "an hour in which something befalls", "nothing befell", True)
    if plain.failed:
        return Claim(text, "no plain company that fails none", f"plain failed {plain.failed}", True)
    came = f"{seconds(viable.p95)}; plain {seconds(plain.p95)}"
    return Claim(text, f"at most {seconds(QUICKER * plain.p95)}", came, viable.p95 <= QUICKER * plain.p95)


def _peak(plan: Plan, scores: Scores) -> Claim:
    text = f"in the ramp no more wait than with plain, or {FEW}"
    wanted, came = max(FEW, scores["plain"].peak), scores["viable"].peak
    return Claim(
        text,
        f"at most {wanted}",
        f"{came}; {_others({arm: scores[arm].peak for arm in ARMS})}",
        came <= wanted,
    )


def _others(came: Mapping[str, int]) -> str:
    """What the other arms came to: a claim is made against the plain one, and the reader sees all."""
    return ", ".join(f"{arm} {came[arm]}" for arm in ARMS if arm != "viable")


def _few_false(plan: Plan, scores: Scores) -> Claim:
    came = scores["viable"].false_pages
    return Claim(
        "its owner is not called for nothing", f"at most {FALSE_PAGES}", f"{came}", came <= FALSE_PAGES
    )


def judged(seed: int, scores: Scores) -> tuple[Claim, ...]:
    """All claims about the hour of a seed, of the scores at its end."""
    return claims(Plan.draw(seed), scores, BOUND)


def status(found: Sequence[Claim]) -> int:
    """The exit status: 0 where all claims hold."""
    return int(not all(claim.holds for claim in found))


# The scoreboard.

_ROWS: tuple[tuple[str, Callable[[Score], float], str, str], ...] = (
    ("customers lost", lambda one: one.lost, "less", "{:.0f}"),
    ("wrong answers shipped", lambda one: one.wrong, "less", "{:.0f}"),
    ("dollars over budget", lambda one: one.over, "less", "{:.2f}"),
    ("jobs done well", lambda one: one.done, "more", "{:.0f}"),
    ("jobs failed", lambda one: one.failed, "less", "{:.0f}"),
    ("refused by the provider (429)", lambda one: one.refused, "less", "{:.0f}"),
    ("dollars spent", lambda one: one.spent, "", "{:.2f}"),
    ("dollars let go of a reserve", lambda one: one.released, "", "{:.2f}"),
    ("95 of 100 jobs done well within, s", lambda one: one.p95, "less", "{:.0f}"),
    ("most jobs waiting, demand ramp", lambda one: one.peak, "less", "{:.0f}"),
    (
        "seconds until the owner is called",
        lambda one: inf if one.human is None else one.human,
        "less",
        "{:.0f}",
    ),
    ("calls for the owner", lambda one: one.pages, "", "{:.0f}"),
    ("of which for nothing", lambda one: one.false_pages, "less", "{:.0f}"),
    ("fairness (Jain)", lambda one: one.jain, "more", "{:.2f}"),
    ("look-ups made to audit", lambda one: one.audits, "", "{:.0f}"),
    ("messages", lambda one: one.messages, "", "{:.0f}"),
    ("processor seconds", lambda one: one.cpu, "", "{:.1f}"),
    ("lines of user code", lambda one: one.lines, "less", "{:.0f}"),
)


def rows(scores: Scores, outage: Mapping[str, int] | None = None) -> tuple[Row, ...]:
    """The scoreboard of all arms, ties and losses said as such.

    Args:
        scores: by arm, at the end of the hour.
        outage: what `outage` says. Default None: there is no row for it.
    """
    first, *rest = (_row(scores, *each) for each in _ROWS)
    return (first, *(() if outage is None else (_outage(outage),)), *rest)


def outage(seed: int, frames: Mapping[str, Sequence[Frame]]) -> dict[str, int] | None:
    """Customers lost by each arm in the nine minutes from the outage on, of all its frames; None where none befalls."""
    one = Plan.draw(seed).of("outage")
    if one is None:
        return None
    begins = one.at // TICK * TICK
    return {
        arm: _lost_until(frames[arm], begins + AFTERMATH) - _lost_until(frames[arm], begins) for arm in ARMS
    }


def _lost_until(frames: Sequence[Frame], at: float) -> int:
    return max((frame.score.lost for frame in frames if frame.at <= at), default=0)


def _outage(lost: Mapping[str, int]) -> Row:
    """Nobody can win it: who is within a few customers of the best has tied."""
    best = tuple(arm for arm in ARMS if lost[arm] - min(lost.values()) <= STRAYS)
    values = tuple(f"{lost[arm]}" for arm in ARMS)
    return Row("customers lost, 9 min from an outage", values, best, _verdict(best))


def _row(scores: Scores, name: str, of: Callable[[Score], float], better: str, form: str) -> Row:
    values = {arm: round(float(of(scores[arm])), 6) for arm in ARMS}
    texts = tuple("never" if values[arm] == inf else form.format(values[arm]) for arm in ARMS)
    if not better:
        return Row(name, texts, (), "")
    top = (min if better == "less" else max)(values.values())
    shown = {arm for arm, text in zip(ARMS, texts, strict=True) if text == texts[_place(values, top)]}
    best = tuple(arm for arm in ARMS if arm in shown)
    return Row(name, texts, best, _verdict(best))


def _verdict(best: tuple[str, ...]) -> str:
    return "lost" if "viable" not in best else "won" if best == ("viable",) else "tied"


def _place(values: Mapping[str, float], top: float) -> int:
    return next(place for place, arm in enumerate(ARMS) if values[arm] == top)


def seconds(value: float) -> str:
    """Seconds as text; what never came is "never"."""
    return "never" if value == inf else f"{value:.0f} s"


# The same seed, the same hash.


def digest(frames: Sequence[Frame], futures: Sequence[Score] = ()) -> str:
    """Of all that happened, to six digits: equal for equal seeds on every machine.

    Args:
        frames: of all companies.
        futures: what the viable company came to without a system, where that was asked for. Default: it was not.
    """
    told = hashlib.blake2b(digest_size=8)
    for frame in frames:
        told.update(repr((frame.arm, _rounded(frame.at), _told(frame.score))).encode())
    for score in futures:
        told.update(repr(_told(score)).encode())
    return told.hexdigest()


def _told(score: Score) -> list[Any]:
    return [(name, _rounded(value)) for name, value in asdict(score).items() if name not in UNTOLD]


def _rounded(value: Any) -> Any:
    return round(value, 6) + 0.0 if isinstance(value, float) else value
