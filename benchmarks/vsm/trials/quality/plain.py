"""Plain arms: trust the tool; and read complaints, on the third of which somebody turns to the other tool."""

import asyncio

from benchmarks.vsm.trials.quality.world import Answer, QualityWorld
from benchmarks.vsm.trials.trial import Arm, Result

ENOUGH = 3  # complaints
WITHIN = 1800.0  # seconds in which they must come: one in a hundred was always wrong


async def naive(world: QualityWorld, seed: int) -> Result:
    """The tool says that all is well."""
    return await world.play(lambda task: world.primary.search(task, 1))


def complaining(enough: int, attended: float) -> Arm:
    """The arm that turns to the other tool when `enough` complaints came within half an hour, `attended`
    seconds after the last. Who complained is served again.
    """

    async def run(world: QualityWorld, seed: int) -> Result:
        tool = world.primary

        async def serve(task: str) -> Answer:
            return await tool.search(task, 1)

        async def read() -> None:
            nonlocal tool
            loop, lately = asyncio.get_running_loop(), list[float]()
            while True:
                task = await world.complaints.get()
                lately = [at for at in lately if loop.time() - at <= WITHIN] + [loop.time()]
                if len(lately) >= enough and tool is world.primary:
                    await asyncio.sleep(attended)
                    tool = world.fallback
                    world.report()
                world.ship(await world.fallback.search(task, 2))

        reading = asyncio.ensure_future(read())
        try:
            return await world.play(serve)
        finally:
            reading.cancel()

    return run


plain = complaining(ENOUGH, attended=600.0)
