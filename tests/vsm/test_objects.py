"""What is no value at all where one is expected, in any argument of any public entry, and states that no data make: an
error that names the argument, or an answer without NaN.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from math import inf, isnan, nan
from typing import Any, cast

import pytest

from cybernetic.core import OptionError, Refusal
from cybernetic.vsm.bargain import Vector, allocate, earned_weights
from cybernetic.vsm.damping import FairQueue
from cybernetic.vsm.damping.watch import Herd
from cybernetic.vsm.variety import entropy, fidelity
from tests.vsm.accepted import PLAIN
from tests.vsm.asked import METHODS
from tests.vsm.entries import HANDED_OUT, TOLD, arguments, callables, target
from tests.vsm.objects import OBJECTS

DIGITS = 10**5000  # more than Python turns into a string
NOTHING = object()
NEVER_RIGHT = (NOTHING, nan)  # whatever is expected
SOMETIMES: tuple[object, ...] = (
    None,
    5,
    "x",
    [],
    {},
)  # right for some arguments, which then may not fit the others

# What an error names beside the arguments: an option by the name that most people meet it by, a part of an argument.
KNOWN_AS = {
    "bargain.allocate": ("weights",),
    "bargain.divide": ("weights",),
    "bargain.Vector.of_grains": ("resource", "usd"),
    "cyberstride.preset": ("model",),
    "cyberstride.transform": ("transform",),
}

# What is kept as it is, or only compared with what is kept, whatever it is.
FREE = {
    "audit.Canary": "body value",
    "damping.FairQueue.put": "item",
    "damping.FairQueue.renewed": "item",
    "damping.FlapDamper.saw": "value",
    "damping.LeaseTable.release": "token",
    "damping.LeaseTable.renew": "token",
    "decisions.AuthorityMatrix.verdict": "context",
    "decisions.Rulebook.decide": "action context",
    "decisions.allow_all": "action context",
    "decisions.decide": "action context",
    "decisions.decision_table": "context",
    "decisions.opinion_of": "action context",
    "ladder.PainKey": "path index cause",
}

TRIED = (*PLAIN, *METHODS, *OBJECTS)


def given(name: str) -> dict[str, Any]:
    return dict(OBJECTS[name][1] if name in OBJECTS else arguments(name))


def called(name: str, given: dict[str, Any]) -> Any:
    """What it answers; what has to be given by its place is."""
    act = OBJECTS[name][0] if name in OBJECTS else target(name)
    placed = (
        [given.pop("amounts")] if name in ("bargain.Vector", "bargain.Cost") and "amounts" in given else []
    )
    return act(*placed, **given)


def test_every_public_entry_that_takes_arguments_is_tried() -> None:
    passed = {
        f"{package}.{name}"
        for table in (HANDED_OUT, TOLD)
        for package in table
        for name in table[package].split()
    }
    assert callables().keys() - passed == set(TRIED)
    assert len(TRIED) == len(set(TRIED))


@pytest.mark.parametrize("name", list(OBJECTS))
def test_the_arguments_tried_are_good_ones(name: str) -> None:
    called(name, given(name))


def asked(name: str, given: dict[str, Any]) -> tuple[Any, OptionError | None]:
    """What it answers, or the error by which it refuses an argument."""
    try:
        return called(name, given), None
    except OptionError as error:
        return None, error
    except Refusal:  # a word that is not the one that holds
        return None, None


@pytest.mark.parametrize("name", TRIED)
def test_what_is_no_such_value_is_refused_by_its_name_or_makes_no_nan(name: str) -> None:
    parameters = callables()[name]
    for parameter in parameters:
        for wrong in (*NEVER_RIGHT, *SOMETIMES):
            if (name, wrong) == ("damping.FairQueue.pop", 5):
                continue  # an `IndexError`, as it says
            answer, error = asked(name, {**given(name), parameter: wrong})
            fits = parameters if wrong in SOMETIMES else (parameter,)
            assert error is None or names(error, (*fits, *KNOWN_AS.get(name, ()))), (parameter, wrong, error)
            assert not has_nan(answer, wrong), (parameter, wrong, answer)
            assert wrong is not NOTHING or error is not None or parameter in FREE.get(name, "").split(), (
                parameter
            )


def names(error: OptionError, arguments: tuple[str, ...]) -> bool:
    """Whether an error names one of the arguments, or something of one."""
    return not set(arguments).isdisjoint(re.split(r"\W+", error.name))


def has_nan(value: Any, given: object = None, depth: int = 0) -> bool:
    """Whether a NaN is somewhere in a value, other than the very one that was given to be kept."""
    if isinstance(value, float):
        return isnan(value) and value is not given
    if depth > 8 or isinstance(value, str | bytes | int | Enum | type):
        return False
    if isinstance(value, Mapping):
        return any(has_nan(one, given, depth + 1) for pair in value.items() for one in pair)
    if isinstance(value, tuple | list | set | frozenset):
        return any(has_nan(one, given, depth + 1) for one in value)
    if is_dataclass(value):
        return any(has_nan(getattr(value, field.name), given, depth + 1) for field in fields(value))
    return False


def spoilt(value: Any, depth: int = 0) -> Iterator[Any]:
    """`value` with a figure somewhere inside of it that is none, as far as it can be made."""
    if isinstance(value, bool | str | bytes | Enum) or depth > 4:
        return
    if isinstance(value, int | float):
        yield from (nan, inf, -inf, "x", None, -1.0) if depth else ()
    elif isinstance(value, Mapping):
        for key, one in value.items():
            wrong = (nan, None, 5, "x", [], *spoilt(one, depth + 1))
            yield from ({**value, key: bad} for bad in wrong)
        yield {**value, 5: nan}
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for name in value._fields:
            yield from (
                cast("Any", value)._replace(**{name: bad}) for bad in spoilt(getattr(value, name), depth + 1)
            )
    elif isinstance(value, tuple):
        for at, one in enumerate(value):
            yield from ((*value[:at], bad, *value[at + 1 :]) for bad in spoilt(one, depth + 1))
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for bad in spoilt(getattr(value, field.name), depth + 1):
                try:
                    yield replace(value, **{field.name: bad})
                except OptionError:
                    pass  # refused at the door


# Facts, which are whatever policies agreed to read.
UNTOUCHED = ("decisions.Action", "decisions.decision_table")


@pytest.mark.parametrize("name", [name for name in TRIED if not name.startswith(UNTOUCHED)])
def test_a_state_that_no_data_make_is_refused_or_makes_no_nan(name: str) -> None:
    for parameter, value in given(name).items():
        for bad in spoilt(value):
            answer, error = asked(name, {**given(name), parameter: bad})
            assert error is None or names(error, (*callables()[name], *KNOWN_AS.get(name, ()))), (
                parameter,
                error,
            )
            assert not has_nan(answer), (parameter, bad)


@pytest.mark.parametrize(
    "name", [name for name in METHODS if not name.startswith(UNTOUCHED) and is_dataclass(METHODS[name][0]())]
)
def test_a_value_that_no_data_make_cannot_be_made_or_makes_no_nan(name: str) -> None:
    make, good = METHODS[name]
    for bad in spoilt(make()):
        try:
            answer = getattr(bad, name.rpartition(".")[2])(**good)
        except (OptionError, Refusal):
            continue
        assert not has_nan(answer), bad


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("resource", lambda: Vector({DIGITS: 1.0})),  # type: ignore[dict-item]
        ("claims", lambda: allocate(1.0, {DIGITS: None})),  # type: ignore[dict-item]
        ("values", lambda: entropy({DIGITS: nan})),
        ("base", lambda: earned_weights({DIGITS: nan}, {})),  # type: ignore[dict-item]
        ("finish", lambda: FairQueue(finish={DIGITS: nan})),  # type: ignore[dict-item]
        ("counts", lambda: Herd(("a",), 1.0).crowd("m", {DIGITS: 1})),  # type: ignore[dict-item]
        ("member", lambda: Herd(("a",), 1.0).crowd(DIGITS, {"a": 1})),  # type: ignore[arg-type]
        ("member", lambda: Herd(("a",), 1.0).chose(nan, "a")),  # type: ignore[arg-type]
        ("target", lambda: Herd(("a",), 1.0).chose("m", None)),  # type: ignore[arg-type]
        ("joint", lambda: fidelity({"ab": 1.0, 5: 1.0})),  # type: ignore[arg-type]
    ],
)
def test_a_key_that_is_no_name_is_refused_however_many_digits_it_has(name: str, act: Any) -> None:
    with pytest.raises(OptionError) as caught:
        act()
    assert caught.value.name.startswith(name)
    assert "expected" in str(caught.value)
