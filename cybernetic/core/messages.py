"""Messages the runtime itself delivers to `receive`."""

from dataclasses import dataclass

from cybernetic.core.reasons import Reason


class Token:
    """The receipt of one `monitor`; equal only to itself."""

    __slots__ = ("_target",)

    def __init__(self, target: object) -> None:
        self._target = target

    def __repr__(self) -> str:
        return f"<Token for {self._target!r}>"


@dataclass(frozen=True, slots=True)
class Down:
    """A monitored agent has ended: the monitor's `token`, the `ref` (or what was monitored), the `reason`."""

    token: Token
    ref: object
    reason: Reason


@dataclass(frozen=True, slots=True)
class Exit:
    """A trapped exit signal: from which `ref` (None: from outside any agent), for what `reason`."""

    ref: object
    reason: Reason
