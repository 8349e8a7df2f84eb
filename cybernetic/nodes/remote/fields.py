"""What the fields of messages between nodes must be: they are looked at before anything is done."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from cybernetic.core import Reason
from cybernetic.nodes.remote import ops
from cybernetic.wire import DamagedMessage

Check = Callable[[Any], bool]


def _any(value: Any) -> bool:
    return True


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _text(value: Any) -> bool:
    return type(value) is str and value != ""


def _limit(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value) and value >= 0)


def _name(value: Any) -> bool:
    return value is None or _text(value)


def _keywords(value: Any) -> bool:
    return type(value) is dict and all(type(key) is str for key in value)


def _of(*kinds: type) -> Check:
    return lambda value: isinstance(value, kinds)


_bool, _bytes, _tuple, _list = _of(bool), _of(bytes), _of(tuple), _of(list)
_reason, _error = _of(Reason), _of(Exception)
_SAID = {
    _whole: "a number from 0",
    _text: "a text that is not empty",
    _name: "a name, or None",
    _limit: "seconds from 0, or None",
    _keywords: "values by name",
    _bool: "True or False",
    _bytes: "bytes",
    _tuple: "a tuple",
    _list: "a list",
    _reason: "a Reason",
    _error: "an exception",
}
_NAMES = {number: name for name, number in vars(ops).items() if name.isupper()}
_sender = (_whole, _whole)  # serial and class of an agent

# CAST, CASTS, CALL, SEND, TELL and ANSWER are left out, for there are so many of them: what they hold is looked up in
# tables, where what does not belong is not found, or checked when it is new.
FIELDS: dict[int, tuple[Check, ...]] = {
    ops.CAST_WITH: (_whole, *_sender, _text, _keywords),
    ops.CALL_WITH: (_whole, *_sender, _whole, _text, _keywords),
    ops.FAIL: (_whole, _error),
    ops.EXIT: (_whole, *_sender, _reason),
    ops.STOP: (_whole, *_sender, _reason),
    ops.LINK: (_whole, *_sender),
    ops.UNLINK: (_whole, _whole),
    ops.NO_LINK: (_whole, _whole),
    ops.WATCH: (_whole,),
    ops.DEATH: (_whole, _reason),
    ops.CLASS: (_whole, _text),
    ops.START: (
        _whole,
        *_sender,
        _text,
        _tuple,
        _keywords,
        _name,
        _limit,
        _tuple,
    ),
    ops.STARTED: (_whole, _whole),
    ops.NOT_STARTED: (_whole, _error),
    ops.GIVE_UP: (_whole, _whole),
    ops.GIVEN_UP: (_whole,),
    ops.MEMBERS: (_list,),
    ops.LINKED: (_list,),
    ops.PART: (_bytes,),
    ops.COMPARE: (_whole, _bytes),
    ops.AGREED: (_whole,),
    ops.LACKING: (_list,),
    ops.ASK: (_whole, _text),
    ops.REPLY: (_whole, _bool, _any),
}
MORE = frozenset(
    (ops.CAST_WITH, ops.CALL, ops.CALL_WITH, ops.ASK)
)  # arguments follow: what they are is no matter here


def check(op: int, message: Sequence[Any]) -> None:
    """Look at the fields of a message of the kind `op`, which is its first item. Raises `DamagedMessage`."""
    checks, count = FIELDS[op], len(message) - 1
    if count < len(checks) or (count > len(checks) and op not in MORE):
        raise DamagedMessage(f"a message {_NAMES[op]} of {len(checks)} fields", str(count))
    for place, fits in enumerate(checks, 1):
        if not fits(message[place]):
            what = _SAID.get(fits, "something else")
            raise DamagedMessage(
                f"{what} as field {place} of a message {_NAMES[op]}", f"{message[place]!r:.80}"
            )


def number(value: Any) -> int:
    """An agent's number, as it must be. Raises `DamagedMessage`."""
    if not _whole(value):
        raise DamagedMessage("an agent's number", f"{value!r:.80}")
    return int(value)


def text(value: Any) -> str:
    """A method's name, as it must be. Raises `DamagedMessage`."""
    if not isinstance(value, str):
        raise DamagedMessage("the name of a method", f"{value!r:.80}")
    return value
