"""The values of `cybernetic.core` that travel: reasons, the runtime's messages, and the library's errors."""

from typing import Any

from cybernetic import core
from cybernetic.wire.entry import REFUSAL_MARK, Entry, checked, encoded, spread
from cybernetic.wire.shapes import exception_builder, shape, split_exception


def plain_refusal(error: core.Refusal) -> core.Refusal:
    """A refusal as it reaches a node that does not know its class: a `Refusal` with type name and text."""
    return core.Refusal(f"{type(error).__qualname__}: {error}")


def unknown_refusal(name: str) -> Entry:
    """The entry of a refusal whose class is registered elsewhere only: its name and text arrive."""
    shown = name.lstrip(REFUSAL_MARK)
    return Entry(
        name, core.Refusal, split_exception, lambda parts: core.Refusal(f"{shown}: {_refusal(parts)}")
    )


def _entry(cls: type[Any]) -> Entry:
    mark = REFUSAL_MARK if issubclass(cls, core.Refusal) else ""
    return shape(cls, f"{mark}cybernetic.{cls.__name__}")


def _token_target(token: core.Token) -> tuple[object]:
    return (token._target,)


_refusal = exception_builder(core.Refusal)

# how a refusal travels whose class is registered nowhere
PLAIN_REFUSAL = Entry(
    f"{REFUSAL_MARK}cybernetic.Refusal",
    core.Refusal,
    lambda error: split_exception(plain_refusal(error)),
    _refusal,
)

_OWN = (
    # the live exception beside a crash stays on its node
    Entry(
        "cybernetic.Crash",
        core.Crash,
        lambda crash: (crash.type, crash.text, crash.traceback),
        spread(core.Crash),
    ),
    # a token is equal only to itself: what arrives tells what was monitored, and equals nothing
    Entry("cybernetic.Token", core.Token, checked(_token_target), spread(core.Token), encoded),
)

# everything else that core's door shows of these kinds, as its kind travels
_KINDS = (core.Reason, core.CyberneticError, core.Down, core.Exit)

VOCABULARY = (
    *_OWN,
    *(
        _entry(value)
        for value in map(vars(core).__getitem__, core.__all__)
        if isinstance(value, type) and issubclass(value, _KINDS) and value is not core.Crash
    ),
)
