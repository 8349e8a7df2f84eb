"""The arguments of a call as somebody types them: JSON or Python literals, `key=value`, or plain words."""

import ast
import json
from collections.abc import Sequence
from typing import Any


def arguments(words: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments and keywords: `5 true name="a b" left` is `[5, True, "left"], {"name": "a b"}`.

    A word is a keyword if what stands before its first "=" is a Python name; quote a text that looks like one:
    `'"a=b"'`.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        key, sign, rest = word.partition("=")
        if sign and key.isidentifier():
            kwargs[key] = value(rest)
        else:
            args.append(value(word))
    return args, kwargs


def value(word: str) -> Any:
    """A word as JSON, else as a Python literal, else as the text it is."""
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return word
