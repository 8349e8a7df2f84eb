"""The bodies of tests/nodes: each test there that has a parameter `where`, with each set of its other parameters."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from zlib import crc32

from tests.nodes import test_across, test_nodes_basic
from tests.nodes.bodies import (
    test_calls,
    test_exits,
    test_groups,
    test_losses,
    test_names,
    test_strange,
    test_trees,
)
from tests.support import SOAK

FIRST = (test_nodes_basic, test_across)
FURTHER = (test_calls, test_exits, test_groups, test_losses, test_names, test_strange, test_trees)
PATIENT = (  # what waits for more than a second, and is left to `make soak`
    "test_a_malformed_message_ends_its_link_with_a_reason_and_the_node_comes_back",
    "test_a_child_bound_to_a_node_waits_and_its_supervisor_serves",
    "test_groups_and_topics_forget_who_was_there",
    "test_an_answer_that_comes_too_late_reaches_nobody",
    "test_shutdown_limits_hold_across",
    "test_stopping_runs_terminate_and_tells_how_it_went",
    "test_timers_reach_across_until_they_are_cancelled",
)


class Body(NamedTuple):
    """A test, and the parameters it takes besides `where`."""

    id: str
    test: Callable[..., Any]
    given: dict[str, Any]


def every(modules: Iterable[Any]) -> Iterator[Body]:
    """All bodies of some modules."""
    for module in modules:
        for name, test in vars(module).items():
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
            if "where" not in [mark.args[0] for mark in marks]:
                continue
            sets = itertools.product(*(_sets(*mark.args[:2]) for mark in marks if mark.args[0] != "where"))
            for given in ({key: value for part in parts for key, value in part.items()} for parts in sets):
                place = module.__name__.rpartition(".")[2].removeprefix("test_")
                yield Body(
                    "-".join([place, name.removeprefix("test_"), *map(str, given.values())]), test, given
                )


def _sets(names: Any, values: Iterable[Any]) -> list[dict[str, Any]]:
    """What one mark gives: a set of parameters for each value."""
    if isinstance(names, str):
        return [{names: value} for value in values]
    return [dict(zip(names, each, strict=True)) for each in values]


def chosen(first: int, step: int) -> list[Body]:
    """The bodies of FURTHER that a run does: under `make soak` all, else one set of parameters of some tests.

    Args:
        first: the number of the first of those tests.
        step: of how many tests one is done.
    """
    found = list(every(FURTHER))
    if SOAK:
        return found
    tests = [list(sets) for _, sets in itertools.groupby(found, lambda body: body.test)]
    brief = [sets for sets in tests if sets[0].test.__name__ not in PATIENT]
    return [sets[crc32(sets[0].id.encode()) % len(sets)] for sets in brief[first::step]]
