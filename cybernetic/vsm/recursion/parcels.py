"""What two halves of a system say to each other where a level lies elsewhere: values that any post may carry."""

from dataclasses import dataclass
from typing import Any

from cybernetic.wire import travels


@travels(name="vsm.Saying")
@dataclass(frozen=True, slots=True)
class Saying:
    """One agent of one half says something to one of the other: `method` of the agent named `to`, with `args`.

    `id` asks for an answer; None: nobody waits for one. `open` is the door by which it comes in; see `Open`.
    """

    to: str
    method: str
    args: tuple[Any, ...]
    id: str | None = None
    open: str | None = None


@travels(name="vsm.Open")
@dataclass(frozen=True, slots=True)
class Open:
    """One half may be asked by this `door`, until it says another. `asks`: the other is to say its own, too."""

    door: str
    asks: bool = False


@travels(name="vsm.Answered")
@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a `Saying`. With `error` it is a refusal or failure: the value, as far as it can travel."""

    id: str
    value: Any = None
    error: Any = None
