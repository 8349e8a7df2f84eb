"""The agents that have most to do, on this node and on every other."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from cybernetic.core import CallFailed, one_of, whole

ORDERS = ("length", "reductions")
STRIDE = 500  # agents looked at before the loop has another turn
ASK_SECONDS = 1.0  # how long another node may take to say which of its agents are busy

Row = dict[str, Any]


class Busiest(NamedTuple):
    """What all nodes have said of their agents.

    Attributes:
        agents: the busiest, as {ref, node, name, class, status, length, reductions, held}.
        statistics: the counters of all nodes together, as `statistics` has them.
        silent: the names of nodes that did not answer in a second.
    """

    agents: list[Row]
    statistics: dict[str, int]
    silent: list[str]


async def everywhere(system: Any, cluster: Any, by: str, count: int) -> Busiest:
    """The `count` agents of all nodes that have most of `by`: "length" or "reductions". Raises `OptionError`.

    Args:
        system: this node's.
        cluster: the node itself; None if there are no others.
        by: what counts.
        count: how many at most.
    """
    agents, statistics = await here(system, by, count)
    peers = [] if cluster is None else [p for p in cluster.linked() if cluster.members[p.name].kind != "door"]
    found = await asyncio.gather(*(_ask(cluster, peer, by, count) for peer in peers))
    said = [each for each in found if each is not None]
    total = Counter(statistics)
    for _, numbers in said:
        total.update(numbers)
    agents = most((row for rows in (agents, *(rows for rows, _ in said)) for row in rows), by, count)
    silent = [peer.name for peer, each in zip(peers, found, strict=True) if each is None]
    return Busiest(agents, dict(total), sorted(silent))


async def here(system: Any, by: str, count: int) -> tuple[list[Row], dict[str, int]]:
    """The same of this node alone, and its counters. Raises `OptionError`."""
    one_of("by", by, ORDERS)
    whole("n", count, least=1)
    ranked: list[tuple[int, int, Any]] = []
    for number, ref in enumerate(system.agents()):
        if number % STRIDE == STRIDE - 1:
            await asyncio.sleep(0)
        if not ref.gone:
            ranked.append((ref.length() if by == "length" else ref.reductions, -ref._serial, ref))
    ranked.sort(reverse=True)
    return [row for _, _, ref in ranked[:count] if (row := _row(ref)) is not None], system.statistics()


def most(rows: Iterable[Row], by: str, count: int) -> list[Row]:
    """The `count` of them that have most of `by`; of equal ones those that came first."""
    return sorted(rows, key=lambda row: -row[by])[:count]


async def _ask(cluster: Any, peer: Any, by: str, count: int) -> tuple[list[Row], dict[str, int]] | None:
    """What another node says; None if it does not in time."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            rows, numbers = await cluster.ask(peer, "busiest", by, count)
            return rows, numbers
    except (TimeoutError, CallFailed):
        return None


def _row(ref: Any) -> Row | None:
    info = None if ref.gone else ref.inspect().info()
    if info is None:
        return None
    return {
        "ref": f"{ref.node}.{ref._serial}",
        "node": ref.node,
        "name": None if ref.name is None else str(ref.name),
        "class": ref.cls.__name__,
        "status": str(info.status),
        "length": info.length,
        "reductions": info.reductions,
        "held": info.held,
    }
