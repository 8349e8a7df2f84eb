"""Patterns of facts with variables, what they mean joined, and how a person types them."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cybernetic.core import OptionError
from cybernetic.crdt import key_of, slot_of
from cybernetic.state.graph.terms import Slot, Value, text, value_of
from cybernetic.wire import register

MOST_PATTERNS = 16
LONGEST_VARIABLE = 100  # characters
_PLACES = ("subject", "predicate", "object")


@dataclass(frozen=True, slots=True)
class Var:
    """A place in a pattern where anything fits; the same thing wherever the same name stands.

    Arguments:
        name: a Python name of at most 100 characters. Raises `OptionError` for another.
    """

    name: str

    def __post_init__(self) -> None:
        if type(self.name) is not str or not self.name.isidentifier() or len(self.name) > LONGEST_VARIABLE:
            raise OptionError("variable", f"a name of at most {LONGEST_VARIABLE} characters", self.name)


register(Var, "state.Var")

Pattern: TypeAlias = tuple[str | Var, str | Var, Value | Var]
"""Subject, predicate, object, each a value or a variable: `(Var("who"), "knows", "ann")`."""

Row: TypeAlias = tuple[Slot, ...]
"""An answer: what stands for each variable of a query, by its place in `Query.names`."""

Part: TypeAlias = tuple[Slot, int]
"""A place of a pattern: a slot and -1, or None and the number of a variable."""

Parts: TypeAlias = tuple[Part, Part, Part]


@dataclass(frozen=True, slots=True)
class Query:
    """Patterns that are to hold together.

    Arguments:
        names: the variables, in the order they are met.
        patterns: the patterns, with slots for values and numbers for variables.
    """

    names: tuple[str, ...]
    patterns: tuple[Parts, ...]

    def told(self, row: Row) -> dict[str, Value]:
        """An answer by names."""
        return {name: key_of(slot) for name, slot in zip(self.names, row, strict=True)}


def query_of(patterns: Sequence[Pattern]) -> Query:
    """The query of 1 to 16 patterns. Raises `OptionError` that says which is wrong, and how."""
    if not isinstance(patterns, list | tuple) or not 0 < len(patterns) <= MOST_PATTERNS:
        raise OptionError("patterns", f"1 to {MOST_PATTERNS} patterns", patterns)
    numbers: dict[str, int] = {}
    found = []
    for at, pattern in enumerate(patterns):
        if not isinstance(pattern, list | tuple) or len(pattern) != 3:
            raise OptionError(f"patterns[{at}]", "(subject, predicate, object)", pattern)
        s, p, o = _parts(f"patterns[{at}]", pattern, numbers)
        found.append((s, p, o))
    return Query(tuple(numbers), tuple(found))


def _parts(where: str, pattern: Sequence[Any], numbers: dict[str, int]) -> Iterator[Part]:
    for place, part in zip(_PLACES, pattern, strict=True):
        name = f"{where}.{place}"
        if isinstance(part, Var):
            yield None, numbers.setdefault(part.name, len(numbers))
        elif place == "object":
            yield slot_of(value_of(name, part)), -1
        else:
            yield text(name, part), -1


def pattern_of(words: str) -> Pattern:
    """The pattern somebody has typed: `?who knows ann`, `?x age 5`, `"a b" likes '"5"'`.

    Three words, as a shell would part them. One that begins with ? is a variable; an object that is a JSON number,
    true, false or a JSON text in its own quotes is that; all else is text. Raises `OptionError`.
    """
    try:
        parts = shlex.split(words)
    except ValueError as error:
        raise OptionError("pattern", f"words with their quotes closed ({error})", words) from None
    if len(parts) != 3:
        raise OptionError("pattern", "three words: subject predicate object", words)
    subject, predicate, object = parts
    return (
        _variable(subject) or subject,
        _variable(predicate) or predicate,
        _variable(object) or typed(object),
    )


def typed(word: str) -> Value:
    """The object that a word means: JSON where it is a number, true, false or a text in quotes, else the word."""
    try:
        found = json.loads(word)
    except (ValueError, RecursionError):
        return word
    return found if isinstance(found, str | int | float) else word


def spelled(value: Value) -> str:
    """The word that `typed` takes for `value`: a text as it is where it cannot be mistaken, all else as JSON."""
    return value if isinstance(value, str) and typed(value) is value else json.dumps(value)


def _variable(word: str) -> Var | None:
    return Var(word[1:]) if word.startswith("?") else None
