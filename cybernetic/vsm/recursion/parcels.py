"""What two halves of a system say to each other where a level lies elsewhere: values that any post may carry."""

from dataclasses import dataclass
from typing import Any

from cybernetic.wire import travels


@travels(name="vsm.Saying")
@dataclass(frozen=True, slots=True)
class Saying:
    """One agent of one half says something to one of the other: `method` of the agent named `to`, with `args`.

    `id` asks for an answer; None: nobody waits for one. `open` is the door by which it comes in; see `Open`. What is
    asked again keeps the `number` that it has among all that is asked by those whose own door has the number `by`: so
    it is done once. 0 is what an older version says, which asks nothing again.
    """

    to: str
    method: str
    args: tuple[Any, ...]
    id: str | None = None
    open: str | None = None
    by: int = 0
    number: int = 0


@travels(name="vsm.Open")
@dataclass(frozen=True, slots=True)
class Open:
    """One half may be asked by this `door`, until it says another. `asks`: the other is to say its own, too.

    A later door has a greater `number`; 0 is what an older version says. `known` is the greatest that it has heard of
    the other half.
    """

    door: str
    asks: bool = False
    number: int = 0
    known: int = 0


@travels(name="vsm.Answered")
@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a `Saying`. With `error` it is a refusal or failure: the value, as far as it can travel."""

    id: str
    value: Any = None
    error: Any = None


@travels(name="vsm.Waits")
@dataclass(frozen=True, slots=True)
class Waits:
    """Of all that was asked up to the number `last`, by those whose door has the number `by`, these are not answered.

    Whose answer has been lost is answered again, and what has never come is asked for; see `Missed`. All else is over:
    should it come once more it is not done. `open` is the door by which it comes in.
    """

    by: int
    open: str
    last: int
    numbers: tuple[int, ...]


@travels(name="vsm.Missed")
@dataclass(frozen=True, slots=True)
class Missed:
    """These `numbers` have never come: they are to be said again by those whose door has the number `by`."""

    by: int
    numbers: tuple[int, ...]
