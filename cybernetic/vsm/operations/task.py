"""What an operation is given and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cybernetic.core import OptionError, flag, number
from cybernetic.vsm.checks import word
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.ports.receipts import Receipt
from cybernetic.wire import travels


def _fresh() -> str:
    return fresh_id(8)


@travels(name="vsm.Task")
@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done: `Task("ticket", {"id": 7, "text": "..."}, to="shop/support")`.

    Args:
        kind: a word for what it is, by which it is given to a unit that takes such tasks (`Operation.kinds`).
        body: what it is about, a value.
        to: the path of the unit or level that is to do it. Default None: whichever has the least to do.
        id: names it for good: done again under the same id it is the same task. Default: a fresh one.
        deadline: when it is of no use any more, seconds (see `timing.now`). Default None: never.

    Raises `OptionError`.
    """

    kind: str
    body: Any = None
    to: str | None = None
    id: str = field(default_factory=_fresh)
    deadline: float | None = None

    def __post_init__(self) -> None:
        word("kind", self.kind)
        word("id", self.id)
        if self.to is not None:
            word("to", self.to)
        if self.deadline is not None:
            number("deadline", self.deadline)


@travels(name="vsm.Outcome")
@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: `Outcome(reply.value, evidence=[reply.receipt])`.

    Args:
        value: the result, a value.
        evidence: receipts of the ports that were used for it. A success without any is refused (`NoEvidence`).
        good: whether the task was done. Default True; False says that it could not be.

    Raises `OptionError`.
    """

    value: Any = None
    evidence: Sequence[Receipt] = ()
    good: bool = True

    def __post_init__(self) -> None:
        flag("good", self.good)
        if not isinstance(self.evidence, list | tuple) or not all(
            isinstance(one, Receipt) for one in self.evidence
        ):
            raise OptionError("evidence", "receipts of ports (what `use` gave, `.receipt`)", self.evidence)
        object.__setattr__(self, "evidence", tuple(self.evidence))


@travels(name="vsm.Performed")
@dataclass(frozen=True, slots=True)
class Performed:
    """A task that was worked on: its outcome, the receipts that count, seconds it took, and what was measured."""

    task: str
    outcome: Outcome
    receipts: tuple[Receipt, ...]
    seconds: float
    measures: Mapping[str, float] = field(default_factory=dict)


@travels(name="vsm.Assignment")
@dataclass(frozen=True, slots=True)
class Assignment:
    """The environment gives a task to a unit; answered with `Performed`.

    `again`: it was given before. `anew`: names why what came of it before does not count, if that is so; its id is that
    of before. `by`: the paths of the units that wait for it, and of those that wait for these.
    """

    task: Task
    again: bool = False
    anew: str = ""
    by: tuple[str, ...] = ()
