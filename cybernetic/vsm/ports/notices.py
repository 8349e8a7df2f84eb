"""What a porter tells in its rounds: how its ports serve it, to system 4, and what it was forbidden, to system 3."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.ports.receipts import Came
from cybernetic.vsm.timing import now
from cybernetic.wire import travels

MOST = 20  # denials that are told apart in a round; of the rest it is said how many there were


@travels(name="vsm.PortUse")
@dataclass(frozen=True, slots=True)
class PortUse:
    """How a port was used: calls that were `done`, that `failed`, whose outcome is `unknown`, that the other side
    `refused` for there being too many, and the `seconds` that all of them took.
    """

    done: int = 0
    failed: int = 0
    unknown: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def bad(self) -> int:
        """How many were of no use."""
        return self.failed + self.unknown + self.refused

    @property
    def calls(self) -> int:
        """All of them."""
        return self.done + self.bad

    def after(self, came: Came, seconds: float) -> "PortUse":
        """After a call that came to something within so many seconds."""
        name = came.name.lower()
        return replace(self, **{name: getattr(self, name) + 1}, seconds=self.seconds + max(0.0, seconds))

    def __add__(self, other: "PortUse") -> "PortUse":
        return PortUse(
            self.done + other.done,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.refused + other.refused,
            self.seconds + other.seconds,
        )


@travels(name="vsm.Served")
@dataclass(frozen=True, slots=True)
class Served:
    """How the ports served a unit since it said so last, by name."""

    ports: Mapping[str, PortUse]


@travels(name="vsm.Denied")
@dataclass(frozen=True, slots=True)
class Denied:
    """A unit's action in a task was forbidden `by` a policy: first `at` (seconds), under a `revision`; how often."""

    task: str
    action: Action
    by: str
    reason: str
    at: float
    revision: int
    times: int = 1


@travels(name="vsm.Denials")
@dataclass(frozen=True, slots=True)
class Denials:
    """What the unit was forbidden since it said so last; `more` are not told apart."""

    told: tuple[Denied, ...]
    more: int = 0


class Notices:
    """What there is to tell in the next round. `porter`: who tells it."""

    def __init__(self, porter: Any) -> None:
        self._porter = porter
        self._used: dict[str, PortUse] = {}
        self._denied: dict[tuple[str, str, str, str], Denied] = {}
        self._more = 0

    def used(self, port: str, came: Came, seconds: float) -> None:
        """A call is over."""
        self._used[port] = self._used.get(port, PortUse()).after(came, seconds)

    def refused(self, port: str) -> None:
        """The other side said that there are too many."""
        known = self._used.get(port, PortUse())
        self._used[port] = replace(known, refused=known.refused + 1)

    def denied(self, task: str, action: Action, by: str, reason: str, revision: int) -> None:
        """An action was forbidden."""
        key = task, action.kind, by, reason
        known = self._denied.get(key)
        if known is not None:
            self._denied[key] = replace(known, times=known.times + 1)
        elif len(self._denied) < MOST:
            self._denied[key] = Denied(task, action, by, reason, now(), revision)
        else:
            self._more += 1

    def say(self) -> None:
        """Tell it."""
        if self._used:
            self._porter.tell(Channel.ENVIRONMENT, Role.INTELLIGENCE, Served(self._used))
            self._used = {}
        if self._denied:
            told = Denials(tuple(self._denied.values()), self._more)
            self._porter.tell(Channel.COMMAND, Role.CONTROL, told)
            self._denied, self._more = {}, 0
