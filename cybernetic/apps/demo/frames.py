"""What a demo shows at a moment: plain values, which travel from process to process as lines of JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any, Literal

ARMS = ("plain", "gateway", "viable")
SYSTEM_NAMES = {
    "s2": "the Scheduler",
    "s3": "the Director",
    "s3star": "the Inspector",
    "s4": "the Scout",
    "algedonic": "the alarm bell",
}
SYSTEMS = tuple(SYSTEM_NAMES)
TICK = 10.0  # virtual seconds between two frames

Kind = Literal["incident", "consequence", "luck"]


@dataclass(frozen=True, slots=True)
class Score:
    """What one company has come to so far. All but `cpu` are the same for the same seed.

    Attributes:
        offered: jobs that customers have asked for.
        done: those that were done well: in time, and right.
        failed: those that were given up, or died with who did them.
        waiting: those that are neither done nor failed.
        lost: customers lost: a job that failed, or was not done within their patience.
        wrong: wrong answers that were shipped, and not put right before the customer found out.
        spent, budget: dollars, of the hour.
        refused: calls that the provider answered with 429.
        audits: look-ups made only to check another.
        messages: handled by the agents of the arm.
        cpu: seconds of this machine's processor; no two runs agree.
        pages: calls for the owner; false_pages: those of them when nothing was wrong.
        human: seconds from a division's hanging to the owner's being called, infinite while he is not; None
            before it hangs.
        looked: jobs audited since the search tool began to lie, and before that was found out.
        found: how many it had been when it was; None while it is not.
        p95: seconds to a good outcome that 95 of 100 jobs offered stay within; what is not done counts as infinite.
        jain: fairness of what the units got done for their share of the work, 1 at best.
        backlog: jobs waiting in all divisions now.
        peak: jobs waiting at most in the division whose demand grows, while it does.
        released: dollars of a reserve that were let go because something went well.
        lines: of code that a user writes for such a company.
    """

    offered: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    lost: int = 0
    wrong: int = 0
    spent: float = 0.0
    budget: float = 0.0
    refused: int = 0
    audits: int = 0
    messages: int = 0
    cpu: float = 0.0
    pages: int = 0
    false_pages: int = 0
    human: float | None = None
    looked: int = 0
    found: int | None = None
    p95: float = inf
    jain: float = 1.0
    backlog: int = 0
    peak: int = 0
    released: float = 0.0
    lines: int = 0

    @property
    def over(self) -> float:
        """Dollars spent beyond the budget."""
        return max(0.0, self.spent - self.budget)


@dataclass(frozen=True, slots=True)
class Banner:
    """Something to be told in plain words: at which virtual second, whether it befalls the world (`incident`), follows
    from one (`consequence`) or is good luck, which incident it belongs to (`about`, a word), and the sentence.
    """

    at: float
    kind: Kind
    about: str
    text: str

    @property
    def line(self) -> str:
        """With its time: "00:25 the search tool starts lying; nobody knows yet"."""
        return f"{clock(self.at)} {self.text}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a company's log: when (virtual seconds), who wrote it, what, and which lines or incidents led to it.

    Attributes:
        id: of the line, unique in its company; empty for one that nothing refers to.
        cause: the id of the line, or the word of the incident, that it follows from; empty where it is unknown.
    """

    at: float
    who: str
    text: str
    id: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One company at one moment.

    Attributes:
        arm: one of `ARMS`.
        at: virtual seconds since the hour began.
        score: until then.
        banners: those since the frame before.
        log: lines since the frame before.
        room: for the viable company what an operations room shows of it, plain data; else None.
        last: whether the hour is over.
    """

    arm: str
    at: float
    score: Score
    banners: tuple[Banner, ...] = ()
    log: tuple[Line, ...] = ()
    room: Mapping[str, Any] | None = field(default=None, compare=False)
    last: bool = False

    def to_line(self) -> str:
        """As a line of JSON, without its end."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def of_line(line: str) -> "Frame":
        """What `to_line` made into a line. Raises `ValueError` for what is no frame."""
        try:
            told = json.loads(line)
            return Frame(
                told["arm"],
                told["at"],
                Score(**told["score"]),
                tuple(Banner(**one) for one in told["banners"]),
                tuple(Line(**one) for one in told["log"]),
                told["room"],
                told["last"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"expected a frame as a line of JSON, got: {line[:80]!r}") from error


def clock(seconds: float) -> str:
    """Minutes and seconds of the hour: "25:07"."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02}:{rest:02}"
