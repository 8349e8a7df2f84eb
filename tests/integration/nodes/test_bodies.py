"""The bodies of tests/nodes, which run on one node and on two in memory, on two and three processes."""

import pytest

from tests.integration.nodes.bodies import FIRST, Body, chosen, every
from tests.nodes.stage import PROCESSES


@pytest.mark.parametrize("body", [*every(FIRST), *chosen(0, 5)], ids=lambda body: body.id)
async def test_on_processes(body: Body) -> None:
    await body.test(where=PROCESSES, **body.given)
