"""W3C Trace Context (recommendation of 23 November 2021): which `traceparent` and `tracestate` are valid."""

import re

from cybernetic.core import OptionError
from cybernetic.gateways.envelope.limits import TEXT, TRACESTATE
from cybernetic.gateways.envelope.texts import TooLong

MOST_MEMBERS = 32

_PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-[!-~]*)?"
)
_KEY = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
_VALUE = r"[ !-+\--<>-~]{0,255}[!-+\--<>-~]"
_MEMBER = re.compile(f"{_KEY}={_VALUE}")


def traceparent(value: object) -> str:
    """`value` as a `traceparent` (section 3.2.2): version 00, or a later one that may say more at its end.

    Raises `OptionError`: no such text, the forbidden version ff, or a trace or parent id of zeros.
    """
    found = _PARENT.fullmatch(value) if isinstance(value, str) and len(value) <= TEXT else None
    if found and not (found["more"] and found[0].startswith("00")):
        return found[0]
    raise OptionError("traceparent", "version-trace id-parent id-flags in hexadecimal", value)


def tracestate(value: object) -> str:
    """`value` as a `tracestate` (section 3.3.1): 1 to 32 members key=value, each key once, 512 characters.

    Raises `OptionError`.
    """
    if isinstance(value, str) and len(value) > TRACESTATE:
        raise TooLong("tracestate", f"at most {TRACESTATE} characters", len(value))
    if isinstance(value, str):
        members = [member for part in value.split(",") if (member := part.strip(" \t"))]
        keys = {member.partition("=")[0] for member in members}
        if 0 < len(keys) == len(members) <= MOST_MEMBERS and all(map(_MEMBER.fullmatch, members)):
            return value
    raise OptionError("tracestate", f"1 to {MOST_MEMBERS} members key=value, each key once", value)
