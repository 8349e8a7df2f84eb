"""Replicas in two processes that meet over a broker only; `test_faults` stops it under them."""

from pathlib import Path

from cybernetic.state import Replica
from tests.integration.gateways.pair import agree, pair
from tests.integration.gateways.rabbit import RabbitMQ
from tests.integration.gateways.replicas import add
from tests.support import run_real


def test_replicas_in_two_processes_converge_over_a_broker(rabbit: RabbitMQ, tmp_path: Path) -> None:
    async def test() -> None:
        async with pair(rabbit, tmp_path) as (mine, there):
            await mine.call(Replica.change, add, *range(500))
            await there.ask("add 1000 1001")
            await agree(mine, there, {*range(500), 1000, 1001})
            await mine.call(Replica.change, add, 2000)
            await agree(mine, there, {*range(500), 1000, 1001, 2000})

    run_real(test())
