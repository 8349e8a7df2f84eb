"""Mutated bytes against running links and against the handshake: nothing crashes, hangs or grows."""

import asyncio
import gc
import random
import sys

from cybernetic.core import Chance
from cybernetic.nodes.link import LinkSettings, Listener, connect, network
from cybernetic.nodes.link.handshake import MAGIC
from cybernetic.nodes.link.kinds import BATCH, BEAT_FRAME, KINDS, batch_frame, credit_frame
from cybernetic.wire import pack_frame
from tests.nodes.link.stage import SECRET, linked, passes
from tests.support import SEED, soak

FRAMES = soak(25_000, 1_000_000)
QUIET = LinkSettings(interval=50.0, lag=100.0, dead_after=1000.0)  # virtual time need not stop for beats


def frame(chance: random.Random) -> bytes:
    """A good frame of some kind."""
    kind = chance.randrange(4)
    if kind == 0:
        return batch_frame([chance.randbytes(chance.randrange(40)) for _ in range(chance.randrange(1, 5))])[0]
    if kind == 1:
        return BEAT_FRAME
    if kind == 2:
        return credit_frame(chance.randrange(1 << 32))
    return pack_frame(chance.choice(KINDS), chance.randbytes(chance.randrange(60)))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with bits turned, a part cut, doubled or inserted; or a batch whose inside is damaged."""
    damage = bytearray(data)
    how = chance.randrange(6)
    at = chance.randrange(len(damage))
    if how == 0:
        damage[at] ^= 1 << chance.randrange(8)
    elif how == 1:
        del damage[at:]
    elif how == 2:
        damage[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif how == 3:
        damage += damage[at:]
    elif how == 4:
        payload = bytearray(data[8:] or b"\x90")
        payload[chance.randrange(len(payload))] ^= 1 << chance.randrange(8)
        return pack_frame(BATCH, bytes(payload))
    else:
        damage[:] = chance.randbytes(len(damage))
    return bytes(damage)


async def settled() -> int:
    """Let the timers of what has ended run out; the blocks of memory that are in use then."""
    await asyncio.sleep(2)
    gc.collect()
    return sys.getallocatedblocks()


async def test_mutated_frames_are_good_or_end_their_link_only_and_leave_nothing_behind() -> None:
    """Each frame meets a living link: whoever a frame has ended is replaced before the next."""
    chance, before, ended = Chance(SEED).stream("frames"), 0, 0
    bystander, other, _ = await linked("bystander", QUIET, QUIET)
    caller, host, pair = await linked("victim", QUIET, QUIET)
    for number in range(FRAMES):
        pair.ends[0].write(mutated(frame(chance), chance))
        await passes(2)
        if (
            host.lost or host.link._reader.pending or number % 500 == 499
        ):  # half a frame would swallow the next
            ended += len(host.lost)
            caller.link.abort("done")
            host.link.abort("done")
            caller, host, pair = await linked("victim", QUIET, QUIET)
        if number % 1000 == 0:
            blocks = await settled()
            before = before if number > FRAMES // 4 else blocks  # by then caches have been filled
    assert ended > FRAMES // 4  # most frames were bad, each on a link that lived
    for link in (caller.link, host.link):
        link.abort("done")
    assert await settled() - before < 2000
    bystander.link.send(b"alive")
    await passes()
    assert other.messages == [b"alive"]
    bystander.link.abort("done")
    await asyncio.sleep(2)


async def test_a_flood_of_mutated_frames_in_one_write_ends_the_link_once() -> None:
    chance = Chance(SEED).stream("floods")
    for _ in range(soak(50, 1000)):
        caller, host, pair = await linked("victim", QUIET, QUIET)
        await passes(3)
        pair.ends[0].write(b"".join(mutated(frame(chance), chance) for _ in range(200)))
        pair.ends[0].close()
        await passes(8)
        assert len(host.lost) == len(caller.lost) == 1
        await asyncio.sleep(2)


async def test_mutated_handshakes_make_no_link_and_a_good_peer_still_gets_in() -> None:
    chance, links, refused = Chance(SEED).stream("handshakes"), [], []
    async with await Listener.open(
        "memory:host", lambda: b"", SECRET, lambda hello: None, links.append, QUIET, refused=refused.append
    ):
        count = soak(1_000, 50_000)
        for number in range(count):
            pair = network().call("host", asyncio.Protocol())
            good = MAGIC + b"\x01" + chance.randbytes(64)
            pair.ends[0].write(mutated(good, chance))
            await passes(3)
            pair.ends[0].close()
            if number % 50 == 0:
                await asyncio.sleep(2)
        await asyncio.sleep(2)
        assert not links
        assert len(refused) == count
        link = await connect("memory:host", b"", SECRET, settings=QUIET)
        assert len(links) == 1
        link.abort("done")
        links[0].abort("done")
        await asyncio.sleep(2)
