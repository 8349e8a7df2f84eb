"""The human of a simulation, where an invariant waits for him to be called: he answers for all that is not asked."""

import asyncio
from contextlib import suppress

from cybernetic.core import CallError
from cybernetic.testing.vsm.bench import Bench
from cybernetic.vsm import Away, PainKey, ViableSystem, now

BY = "asked by the suite of invariants"
LOOK = 0.05  # seconds between two looks at what he is called for


async def called_for(bench: Bench, key: PainKey, within: float) -> bool:
    """Whether a human is called for a pain within so many seconds, by itself or as one of a storm.

    What else he is called for he takes over. Where nobody answers, a level may end by what it declares (`Paging`), and
    the pain with it: with many dead at once others are unanswered before this one has climbed.
    """
    ends, seen = now() + within, 0
    while now() < ends:
        await asyncio.sleep(min(LOOK, ends - now()))
        new = [page.pain.key for _, page in bench.human.pages[seen:]]
        seen += len(new)
        if new and await _is_told(bench, key):
            return True
        for other in new:
            with suppress(CallError, Away):
                await bench.company.ref.call(ViableSystem.ack, other, BY)
    return await _is_told(bench, key)


async def _is_told(bench: Bench, key: PainKey) -> bool:
    told = await bench.told_as(key)
    return any(repr(page.pain.key) in told for _, page in bench.human.pages)
