"""What is declared wrongly is refused where it stands, and what is not declared is missed by nobody."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import OptionError, StartFailed
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Allow,
    ConsoleHuman,
    Operation,
    Outcome,
    Paging,
    Policy,
    Port,
    Task,
    Verdict,
    ViableSystem,
    unit,
)
from cybernetic.vsm.decisions import NO_RULES


class Sink:
    """A person."""

    def page(self, page: Any) -> None:
        """Hear it."""

    def resolve(self, key: Any) -> None:
        """Hear that it is over."""


def test_a_name_that_is_nearly_a_declaration_is_refused_where_it_stands() -> None:
    for name in ("polices", "budgets", "port", "humans", "bugdet", "prots", "adta"):
        mixin = type("Mixin", (), {name: ()})
        for bases, declared in (((ViableSystem,), {name: ()}), ((mixin, ViableSystem), {})):
            with pytest.raises(OptionError, match=f"{name}: expected '.*', or a name that is less like it"):
                type("Typo", bases, declared)
    type("Own", (ViableSystem,), {"count": 3, "region": "north", "clerk": (), "parts": 2, "deal": 1})


async def test_what_is_no_unit_is_refused_by_name() -> None:
    class Wrong(ViableSystem):
        def units(self) -> Any:
            """Not made by `unit`."""
            return [Operation]

    async with System() as system:
        with pytest.raises(
            StartFailed, match=r"units: expected what `unit` or `remote` has made, got: .*Operation"
        ):
            await system.start(Wrong, type="temporary")


async def units_async(self: Any) -> list[Any]:
    """Nobody waits for it."""
    return [unit(Operation, id="one")]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"ports": ["tool"]}, r"ports: expected a mapping, such as .*, got: \[\'tool\'\]"),
        ({"ports": Port()}, r"ports: expected a mapping, such as .*, got: Port"),
        (
            {"human": print},
            r"human: expected a list of sinks, of one as well, got: <built-in function print>",
        ),
        ({"human": ConsoleHuman()}, r"human: expected a list of sinks, of one as well, got: <.*ConsoleHuman"),
        (
            {"human": [Sink]},
            r"human: expected an object, such as Sink\(\), and no class, got: <class '.*Sink'>",
        ),
        ({"human": None}, r"human: expected a list of sinks, of one as well, got: None"),
        ({"policies": NO_RULES}, r"policies: expected a list of values of Policy, got: Policy"),
        (
            {
                "policies": (
                    NO_RULES,
                    Policy("twice", 1, NO_RULES.decide),
                    Policy("twice", 2, NO_RULES.decide),
                )
            },
            r"policies: expected names that differ, got: \['no rules', 'twice', 'twice'\]",
        ),
        (
            {"units": [unit(Operation, id="one")]},
            r"units: expected a method, `def units\(self\)`, .*, got: \[Unit",
        ),
        (
            {"units": staticmethod(list)},
            r"units: expected a method, `def units\(self\)`, .*, got: <staticmethod\(",
        ),
        (
            {"units": classmethod(lambda cls: [])},
            r"units: expected a method, `def units\(self\)`, .*, got: <classmethod\(",
        ),
        ({"ports": {"": Port()}}, r"ports: expected names with a Port each, got: \{'': Port"),
        ({"purpose": 5}, r"purpose: expected a sentence, got: 5"),
        ({"kinds": "job"}, r"kinds: expected words, such as .*, got: 'job'"),
        ({"data": 5}, r"data: expected the path of a folder, or None, got: 5"),
        ({"units": units_async}, r"units: expected a method, .* at once, got: <function units_async"),
    ],
)
def test_what_is_declared_as_another_kind_of_thing_is_refused_by_name(
    declared: dict[str, Any], expected: str
) -> None:
    with pytest.raises(OptionError, match=f"^{expected}"):
        type("Wrong", (ViableSystem,), declared)


@pytest.mark.parametrize("returned", [unit(Operation, id="one"), None])
async def test_one_unit_is_no_list_of_units(returned: Any) -> None:
    wrong = type("Wrong", (ViableSystem,), {"units": lambda self: returned})
    async with System() as system:
        with pytest.raises(
            StartFailed, match=r"units: expected a list of what `unit` or `remote` has made, got: "
        ):
            await system.start(wrong, type="temporary")


async def test_where_one_object_keeps_what_lasts_is_looked_at_as_well() -> None:
    class Own(ViableSystem):
        def __init__(self) -> None:
            self.data = 5  # type: ignore[misc, assignment]

    async with System() as system:
        with pytest.raises(StartFailed, match="data: expected the path of a folder, or None, got: 5"):
            await system.start(Own, type="temporary")
    type("Said", (ViableSystem,), {"data": property(lambda self: None)})


def test_an_agent_that_is_no_operation_is_no_unit() -> None:
    with pytest.raises(
        OptionError, match=r"^cls: expected an Operation or a ViableSystem, got: <class '.*Agent'>"
    ):
        unit(Agent, id="one")
    assert unit(ViableSystem, id="one").nested


async def waits(action: Any, context: Any) -> Verdict:
    """A rule that has to be waited for."""
    return Allow()


class Waits:
    """Another."""

    async def __call__(self, action: Any, context: Any) -> Verdict:
        return Allow()


@pytest.mark.parametrize("rule", [waits, Waits(), partial(waits, None)])
def test_a_rule_that_has_to_be_waited_for_is_refused_where_it_is_declared(rule: Any) -> None:
    with pytest.raises(OptionError, match=r"^decide: expected a function that answers at once, .*, got: "):
        Policy("p", 1, rule)


def test_a_handle_that_nobody_could_wait_for_is_refused_where_it_stands() -> None:
    with pytest.raises(
        OptionError, match=r"^handle: expected a coroutine function, .*, got: <function .*handle"
    ):

        class Sync(Operation):
            def handle(self, task: Task) -> Outcome:  # type: ignore[override]
                """Not async."""
                return Outcome(good=False)

    with pytest.raises(OptionError, match=r"^handle: expected a coroutine function"):
        type("Value", (Operation,), {"handle": 7})


def test_a_handle_may_be_decorated() -> None:
    async def handle(self: Any, task: Task) -> Outcome:
        return Outcome(good=False)

    def traced(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any) -> Any:
            return method(*args)

        return call

    type("Below", (type("Traced", (Operation,), {"handle": traced(handle)}),), {})


@pytest.mark.parametrize("declared", [{"human": (Sink(),)}, {"paging": Paging(attempts=1)}, {"pulse": 2.0}])
async def test_what_only_the_top_may_declare_is_refused_below_by_name(declared: dict[str, Any]) -> None:
    (name,) = declared
    within = type("Within", (ViableSystem,), declared)
    top = type("Top", (ViableSystem,), {"units": lambda self: [unit(within, id="in")]})
    async with System() as system:
        with pytest.raises(StartFailed, match=f"top/in: {name}: expected none, or that of the top"):
            await system.start(top, type="temporary")
        same = type("Same", (ViableSystem,), {"units": lambda self: [unit(within, id="in")], **declared})
        assert await (await system.start(same)).call(ViableSystem.levels) == ("same", "same/in")
        watched = type("Watched", (same,), {name: getattr(ViableSystem, name)})  # as who simulates it does
        await system.start(watched)


async def test_an_audit_that_nobody_declared_is_not_silent() -> None:
    class Plain(ViableSystem):
        """Nothing declared."""

    async with System() as system:
        plain = await system.start(Plain)
        assert (await plain.call(ViableSystem.status)).silent == ()
