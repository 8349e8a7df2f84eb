"""What the loop says of a socket that takes no more, as those hear it who publish."""

import asyncio

from cybernetic.gateways.broker.amqp.wire import CROWDED, Wire


class Slow(asyncio.Transport):
    """A transport that takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.high: int | None = None

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        return None


async def test_a_wire_is_full_from_when_the_loop_says_so_until_it_takes_more_or_ends() -> None:
    ends: list[BaseException | None] = []
    wire, transport = Wire(asyncio.get_running_loop(), ends.append), Slow()
    wire.connection_made(transport)
    assert transport.high == CROWDED
    await wire.room()
    for end in (wire.resume_writing, lambda: wire.connection_lost(None)):
        wire.pause_writing()
        waits = [asyncio.ensure_future(wire.room()) for _ in range(2)]
        await asyncio.sleep(1.0)
        assert wire.full
        waits[0].cancel()  # that one does not wait any more is no matter of the other
        await asyncio.sleep(1.0)
        assert not waits[1].done()
        end()
        await asyncio.sleep(0)
        await waits[1]
        assert not wire.full
    assert ends == [None]
