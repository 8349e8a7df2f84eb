"""What makes two calls the same: the function, and what is in the arguments, not how they are written."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cybernetic import Agent, System
from cybernetic.vsm.ports.sameness import packed, sameness, unpacked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


def look_up(*args: Any, **keywords: Any) -> None:
    """Found by its name."""


class Shelf:
    """Two of them are not the same."""

    def look_up(self, what: str) -> str:
        return what


class Worded:
    """All of them are written alike."""

    def __repr__(self) -> str:
        return "worded"


def made(said: str) -> Callable[[], str]:
    def say() -> str:
        return said

    return say


def of(target: Any, *args: Any, key: str | None = None, port: str = "p", **keywords: Any) -> str:
    return sameness(port, target, args, keywords, key)


@given(VALUES, VALUES)
def test_calls_are_the_same_exactly_where_their_arguments_are(one: Any, other: Any) -> None:
    same = of(look_up, one) == of(look_up, other)
    assert same == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _sorted(one)) for key, one in value.items()), "dict"
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def test_port_key_and_keywords_count() -> None:
    found = [of(look_up, 1), of(look_up, 1, port="q"), of(look_up, 1, key="k"), of(look_up, x=1), of(look_up)]
    assert len({*found, ""}) == 6


def test_functions_made_alike_and_methods_of_two_are_not_the_same_but_of_one_they_are() -> None:
    one, other, shelf, second = made("one"), made("other"), Shelf(), Shelf()
    assert of(one) == of(one) != of(other)
    assert of(shelf.look_up, 1) == of(shelf.look_up, 1) != of(second.look_up, 1)
    half = partial(look_up, 1)
    assert of(half) == of(half) != of(partial(look_up, 1))
    assert "" not in (of(one), of(shelf.look_up, 1), of(half))


def test_what_is_not_told_by_its_contents_is_not_shared() -> None:
    assert of(look_up, Worded()) == ""
    assert of([].append, 1) == ""
    assert packed(Worded()) is None


@given(VALUES)
def test_an_answer_arrives_as_it_was(value: Any) -> None:
    answer = packed(value)
    assert answer is not None
    assert unpacked(answer) == value


class Keeper(Agent):
    """Answers."""

    def find(self, what: str) -> str:
        return what

    def lose(self, what: str) -> str:
        return what


async def test_a_method_of_an_agent_is_the_same_by_the_name_of_that_one() -> None:
    async with System() as system:
        east, west = (system.named(name, Keeper) for name in ("east", "west"))
        again = system.named("east", Keeper)
        assert of(east, Keeper.find, "x") == of(again, Keeper.find, "x") != of(west, Keeper.find, "x")
        assert of(east, Keeper.find, "x") != of(east, Keeper.lose, "x")
        assert of(await system.start(Keeper), Keeper.find, "x") == ""
        await asyncio.sleep(0)
