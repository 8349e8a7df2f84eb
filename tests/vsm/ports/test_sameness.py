"""What makes two calls the same: the function, and what is in the arguments, not how they are written."""

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from types import ModuleType
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


def redacted(find: Callable[..., str]) -> Callable[..., str]:
    """Says nothing, and passes for what it wraps."""

    @wraps(find)
    def found(self: Any, *args: Any) -> str:
        return ""

    return found


class Desk(Shelf):
    """What it says to all is not what it knows."""

    public = redacted(Shelf.look_up)


@dataclass(frozen=True)
class Client:
    """Two of one address are equal, whoever they speak for."""

    url: str
    secret: str = field(compare=False, repr=False)

    def mail(self) -> str:
        return self.secret


class Poser:
    """Passes for a bound method of another."""

    def __init__(self, method: Any) -> None:
        self.__self__, self.__func__, self.__qualname__ = method.__self__, method.__func__, "Shelf.look_up"

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.__self__.look_up)


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


def test_methods_of_equal_owners_are_not_the_same() -> None:
    one, other = Client("mail", "one"), Client("mail", "other")
    assert one == other
    assert "" != of(one.mail) == of(one.mail) != of(other.mail)


def test_a_method_is_not_the_one_that_it_wraps_nor_what_passes_for_it() -> None:
    desk = Desk()
    assert desk.public.__qualname__ == desk.look_up.__qualname__
    assert "" != of(desk.public, 1) == of(desk.public, 1) != of(desk.look_up, 1)
    assert of(Poser(desk.look_up), 1) != of(desk.look_up, 1)


def test_what_has_ended_leaves_no_name_to_what_comes_in_its_place() -> None:
    seen = set()
    for _ in range(100):
        seen.add(of(Shelf().look_up, 1))
        gc.collect(0)
    assert len(seen) == 100


def test_a_function_of_a_script_is_not_that_of_another_script(monkeypatch: Any) -> None:
    found = []
    for _ in range(2):
        script = ModuleType("__main__")
        exec("def ask(): ...", script.__dict__)
        monkeypatch.setitem(sys.modules, "__main__", script)
        assert of(script.ask) == of(script.ask)
        found.append(of(script.ask))
    assert "" != found[0] != found[1]


async def test_an_agents_name_is_one_of_its_node() -> None:
    async with System() as one, System() as other:
        here, there = (system.named("east", Keeper) for system in (one, other))
        assert "" != of(here, Keeper.find, "x") != of(there, Keeper.find, "x") != ""


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
