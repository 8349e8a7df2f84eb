"""The bodies of tests/nodes, which run on one node and on two in memory, on two and three processes."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.nodes import test_across, test_nodes_basic
from tests.nodes.stage import PROCESSES


def bodies() -> Iterator[Any]:
    """Every test that has a parameter `where`, with each set of its other parameters."""
    for module in (test_nodes_basic, test_across):
        for name, body in vars(module).items():
            marks = [mark for mark in getattr(body, "pytestmark", ()) if mark.name == "parametrize"]
            if "where" in [mark.args[0] for mark in marks]:
                others = [mark.args for mark in marks if mark.args[0] != "where"]
                for values in itertools.product(*(values for _, values in others)):
                    given = dict(zip((key for key, _ in others), values, strict=True))
                    yield pytest.param(body, given, id="-".join([name, *map(str, values)]))


@pytest.mark.parametrize(("body", "given"), list(bodies()))
async def test_on_processes(body: Callable[..., Any], given: dict[str, Any]) -> None:
    await body(where=PROCESSES, **given)
