"""Telemetry events: each is emitted by the room that owns it, and heard by some test."""

import ast
from collections.abc import Iterable

import pytest

import cybernetic  # noqa: F401 - registers the events of every room
from cybernetic.core import Event, registered
from tests.architecture.tree import ROOT, Tree, read

EVENTS = registered()


def silent(events: Iterable[type[Event]], tree: Tree) -> list[str]:
    """The events that no file of their room but the one that defines them makes."""
    made = {
        (module.room, node.func.id)
        for module in tree.values()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return [event.name for event in events if (event.owner, event.__name__) not in made]


def test_every_event_is_emitted_by_its_room() -> None:
    assert EVENTS
    assert silent(EVENTS, read()) == []


def test_the_check_sees_an_event_that_is_never_emitted() -> None:
    class Unheard(Event):
        name, owner = "never.told", "runtime"

    assert silent([Unheard], read()) == ["never.told"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_is_heard_by_a_test(event: type[Event]) -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_events.py"]
    assert any(event.__name__ in path.read_text() for path in tests)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_says_what_it_means(event: type[Event]) -> None:
    assert event.__doc__
    assert not event.__doc__.startswith(f"{event.__name__}(")
