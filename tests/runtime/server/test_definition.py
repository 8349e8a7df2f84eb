"""What is checked when a class of agents is made: final members, generators (DESIGN section 3)."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cybernetic import Agent, DefinitionError, DynamicSupervisor, Supervisor, System
from tests.runtime.server.test_protocol import HOOKS, MEMBERS

SETTINGS = {"trap_exit", "idle_timeout", "mailbox_limit", "overflow", "agent_type"}


def test_the_public_members_of_agent_are_a_short_and_frozen_list() -> None:
    assert {name for name in dir(Agent) if not name.startswith("_")} == MEMBERS | HOOKS | SETTINGS


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_final_member_cannot_be_overridden(name: str) -> None:
    sentence = rf"Mine\.{name} overrides a member of Agent that is final; expected another name \(final are: "
    for value in (lambda self: None, 5, property(lambda self: 1)):
        with pytest.raises(DefinitionError, match=sentence):
            type("Mine", (Agent,), {name: value})


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_final_member_cannot_be_overridden_by_a_mixin_before_agent(name: str) -> None:
    mixin = type("Mixin", (), {name: lambda self: None})
    with pytest.raises(DefinitionError, match=f"{name} overrides a member of Agent that is final"):
        type("Mine", (mixin, Agent), {})


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_mixin_behind_agent_overrides_nothing(name: str) -> None:
    mixin = type("Mixin", (), {name: lambda self: None})
    assert getattr(type("Mine", (Agent, mixin), {}), name) is getattr(Agent, name)


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_hooks_may_be_overridden_also_by_a_mixin(name: str) -> None:
    def hook(self: Any, *args: Any) -> None: ...

    assert getattr(type("Mine", (Agent,), {name: hook}), name) is hook
    assert getattr(type("Mine", (type("Mixin", (), {name: hook}), Agent), {}), name) is hook


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (Supervisor, "setup"),
        (Supervisor, "terminate"),
        (Supervisor, "receive"),
        (Supervisor, "trap_exit"),
        (Supervisor, "start_child"),
        (Supervisor, "which_children"),
        (DynamicSupervisor, "start_child"),
        (DynamicSupervisor, "terminate"),
    ],
)
def test_supervisors_have_final_members_of_their_own(cls: type[Agent], name: str) -> None:
    with pytest.raises(DefinitionError, match=f"{name} overrides a member of .* that is final"):
        type("Mine", (cls,), {name: lambda self: None})


def test_a_final_member_stays_final_for_grandchildren() -> None:
    class Middle(Agent): ...

    with pytest.raises(DefinitionError):

        class Mine(Middle):
            def stop(self) -> None: ...  # type: ignore[override, misc]


@pytest.mark.parametrize("hook", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_generator_is_no_method_to_call_by_message(hook: bool, asynchronous: bool) -> None:
    def sync(self: Any, message: Any = None) -> Iterator[int]:
        yield 1

    async def later(self: Any, message: Any = None) -> AsyncIterator[int]:
        yield 1

    name = "receive" if hook else "numbers"
    with pytest.raises(
        DefinitionError, match=f"Mine.{name} is a generator: expected `def` or `async def` without yield"
    ):
        type("Mine", (Agent,), {name: later if asynchronous else sync})


def test_a_generator_of_a_mixin_is_seen_too() -> None:
    class Mixin:
        def numbers(self) -> Iterator[int]:
            yield 1

    with pytest.raises(DefinitionError, match="numbers is a generator"):
        type("Mine", (Mixin, Agent), {})


async def test_private_generators_and_decorated_ones_are_the_authors_own_business() -> None:
    class Fine(Agent):
        def _numbers(self) -> Iterator[int]:
            yield from (1, 2)

        @contextlib.contextmanager
        def _block(self) -> Iterator[int]:
            yield 3

        def total(self) -> int:
            with self._block() as three:
                return sum(self._numbers()) + three

    async with System() as system:
        ref = await system.start(Fine)
        assert await ref.call(Fine.total) == 6


def test_a_class_may_take_keywords_of_its_own() -> None:
    class Base(Agent):
        def __init_subclass__(cls, colour: str = "red", **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            cls.colour = colour  # type: ignore[attr-defined]

    class Blue(Base, colour="blue"): ...

    assert Blue.colour == "blue"  # type: ignore[attr-defined]
