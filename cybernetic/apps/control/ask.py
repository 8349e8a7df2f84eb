"""A call from outside: which agent, which method, and how it answered."""

from typing import Any

from cybernetic.apps.config.nearest import hint
from cybernetic.apps.control.survey import Survey
from cybernetic.core import BadCall, OptionError, number
from cybernetic.runtime import CALL_SECONDS, Ref, protocol_of

ELSEWHERE = "elsewhere"  # the module of classes that only another node has


async def ask(system: Any, request: dict[str, Any]) -> Any:
    """Call an agent as `request` says: name, method, args (list), kwargs (dict), seconds (default 5).

    Raises `OptionError` for what is wrong with the request, `BadCall` if there is no such method, and what the
    call itself raises.
    """
    name, word = _text(request, "name"), _text(request, "method")
    args, kwargs = request.get("args", []), request.get("kwargs", {})
    if not isinstance(args, list):
        raise OptionError("args", "a list", args)
    if not isinstance(kwargs, dict):
        raise OptionError("kwargs", "an object", kwargs)
    limit = number("seconds", request.get("seconds", CALL_SECONDS), least=0)
    ref = await find(system, name)
    return await ref.within(limit).call(method(ref, word), *args, **kwargs)


async def find(system: Any, name: str) -> Ref[Any]:
    """The agent that holds a name, or is called `main.7` by its node and number. Raises `OptionError`."""
    names = system.names
    if name in names:
        found: Ref[Any] = names[name]
        return found
    survey = Survey(system)
    if "." in name:
        await survey.take()
    if name not in survey.agents:
        raise OptionError("name", f"the name of an agent, or one such as main.7{hint(name, names)}", name)
    return survey.agents[name]


def method(ref: Ref[Any], word: str) -> Any:
    """The method of an agent by its name. Raises `BadCall` that lists those there are.

    What a class that only another node has can do is known there: it refuses what it has not.
    """
    if ref.cls.__module__ != ELSEWHERE:
        return protocol_of(ref.cls).named(word)
    if not word.isidentifier() or word.startswith("_"):
        raise BadCall(f"expected a public method, got: {word!r}")

    def named() -> None:
        """Known by its name only."""

    named.__name__ = word
    return named


def _text(request: dict[str, Any], key: str) -> str:
    found = request.get(key)
    if not isinstance(found, str) or not found:
        raise OptionError(key, "a text that is not empty", found)
    return found
