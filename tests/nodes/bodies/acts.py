"""What the bodies share: who is near and who is far, and waiting until something is so."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cybernetic import Ref
from tests.nodes.bodies.cast import Actor
from tests.nodes.stage import A_WHILE, Stage

both_ways = pytest.mark.parametrize("way", ["outwards", "inwards"])

PATIENCE = 60.0  # seconds after which what was waited for is not so


async def cast(
    s: Stage, way: str, mine: Any, *args: Any, other: Any = Actor, **options: Any
) -> tuple[Ref[Any], Ref[Any]]:
    """An agent that acts, and one that is acted upon: "outwards" from the first node to the far one."""
    if way == "outwards":
        return await s.here(mine, *args, **options), await s.spawn(other)
    return await s.spawn(mine, *args, **options), await s.here(other)


async def until(true: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = asyncio.get_running_loop().time() + patience
    while not await true():
        assert asyncio.get_running_loop().time() < deadline, "expected it to be so by now"
        await asyncio.sleep(0.02)


async def seen(ref: Ref[Any], count: int) -> list[Any]:
    """What an agent has got: `count` messages, and no more within a while."""

    async def enough() -> bool:
        return len(await ref.call(Actor.seen)) >= count

    await until(enough)
    await asyncio.sleep(A_WHILE)
    got: list[Any] = await ref.call(Actor.seen)
    assert len(got) == count, got
    return got
