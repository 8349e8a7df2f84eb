"""The policies that hold at a level, as its books know: for who begins below it and remembers none."""

from contextlib import suppress
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.recursion.handing import boundary

RULES = "rules"  # the key
PATIENCE = 1.0  # seconds for books that may be on another node


async def rules_of(system: Any, level: str) -> PolicyUpdate | None:
    """What holds at a level, whether its system 5 lives or not; None where nothing does yet, or its books are away."""
    rules: PolicyUpdate | None = None
    with suppress(CallError, Refusal):
        rules = await _read(system, level)
    return rules


async def rules_above(system: Any, path: str, declared: tuple[Policy, ...]) -> PolicyUpdate | None:
    """What holds at the level above that at `path`: what is `declared` where its books surely know nothing, as that
    level begins anew with all in it; None where there is none, or its books are away.
    """
    level = level_of(path)
    try:
        rules = await _read(system, level)
    except (CallError, Refusal):
        return None
    return PolicyUpdate(0, declared) if rules is None and boundary(system, level) else rules


async def _read(system: Any, level: str) -> PolicyUpdate | None:
    books = system.named(f"{level}:books", Books).within(PATIENCE) if level else None
    rules: PolicyUpdate | None = books and await books.call(Books.load, RULES)
    return rules
