"""Which questions wait for somebody's word at and below a level, wherever that lies."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cybernetic.core import CallError, CannotTravel, Refusal
from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import address
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.governance.questions import Asked
from cybernetic.wire import Codec

LESS = 0.6  # of the time for an answer is given to those further down, so that what they know comes in time

_CODEC = Codec()


async def listed_below(
    system: Any, units: Iterable[str], cls: Any, seconds: float, across: bool
) -> dict[str, Asked]:
    """What systems 5 (`cls`) of the levels among the `units` list within so many seconds, by id; one that is away, or
    late, says nothing. `across`: it is for another system.
    """
    levels = [system.named(address(Role.POLICY, unit), cls) for unit in units]  # an operation has none
    found = await asyncio.gather(*(_of(level, cls, seconds, across) for level in levels))
    return {id: one for some in found for id, one in some.items()}


async def _of(level: Any, cls: Any, seconds: float, across: bool) -> Mapping[str, Asked]:
    try:
        found: Mapping[str, Asked] = await level.within(seconds).call(cls.listed, seconds * LESS, across)
        return found
    except (CallError, Refusal):
        return {}


def as_it_travels(asked: Asked) -> Asked:
    """The question as it may be shown in another system: facts that do not travel are text there."""
    action = asked.referral.action
    facts = {name: fact if _travels(fact) else repr(fact) for name, fact in action.facts.items()}
    return replace(asked, referral=replace(asked.referral, action=Action(action.kind, facts)))


def _travels(value: object) -> bool:
    try:
        _CODEC.encode(value)
    except CannotTravel:
        return False
    return True
