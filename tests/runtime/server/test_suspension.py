"""What is queued at the moment of a suspension is served once."""

from typing import Any

from cybernetic import Agent, System
from cybernetic.runtime import inspector


class Counter(Agent):
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        self.count += 1


def more(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"count": state["count"] + 1}


async def test_sy_3_a_request_that_was_queued_behind_the_suspension_is_served_once() -> None:
    async with System() as system:
        counter: Any = await system.start(Counter)
        counter.put_control((inspector._suspend, (), None, None, None))
        counter.put_control((inspector._replace_state, (more,), None, None, None))
        counter.cast(Counter.add)  # all three stand in the mailbox before any is handled
        port = counter.inspect()
        assert await port.get_state() == {"count": 1}
        await port.resume()
        await counter.call(Counter.add)
        assert await port.get_state() == {"count": 3}
