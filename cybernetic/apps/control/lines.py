"""What goes over the control socket: one JSON object a line, each way. Values in, values out."""

import json
from typing import Any

ASK = "ask"  # the socket's file in the directory of a run
REQUEST_BYTES = 1 << 20
ANSWER_BYTES = 1 << 25
REQUESTS = ("describe", "tree", "top", "room", "call", "stop")


class Malformed(ValueError):
    """A line that is no request, or no answer; the text says what was expected and what came."""


def line(value: dict[str, Any]) -> bytes:
    """A JSON object as one line; what JSON cannot say is said by its `repr`."""
    return json.dumps(plain(value), separators=(",", ":")).encode() + b"\n"


def plain(value: Any, depth: int = 32) -> Any:
    """A value as JSON can say it: itself where possible, else its `repr`, also below `depth` levels."""
    if value is None or isinstance(value, bool | int | float | str):
        exact = type(value) in (type(None), bool, int, float, str)
        return (
            value if exact and value == value and value not in (float("inf"), -float("inf")) else repr(value)
        )
    if depth > 0 and type(value) in (list, tuple):
        return [plain(item, depth - 1) for item in value]
    if depth > 0 and type(value) is dict and all(type(key) is str for key in value):
        return {key: plain(item, depth - 1) for key, item in value.items()}
    return shown(value)


def shown(value: Any) -> str:
    """The `repr` of a value, also of one whose `repr` raises."""
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


def parse(text: bytes) -> dict[str, Any]:
    """The JSON object that a line is. Raises `Malformed`."""
    if not text.endswith(b"\n"):
        raise Malformed("expected a line with its end, got: one that breaks off")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"expected a line of JSON, got: {text[:60]!r} ({error})") from None
    if not isinstance(found, dict):
        raise Malformed(f"expected a JSON object, got: {text[:60]!r}")
    return found
