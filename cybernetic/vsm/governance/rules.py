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


async def rules_above(
    system: Any, path: str, declared: tuple[Policy, ...]
) -> tuple[PolicyUpdate | None, bool]:
    """What holds at the level above that at `path`, None where there is none, or its books are away; and whether that
    is sure, as they are of this process, whatever the clock said when they began. Where those know nothing, as that
    level begins anew with all in it, it is what is `declared`.
    """
    level = level_of(path)
    sure = bool(boundary(system, level))
    try:
        rules = await _read(system, level)
    except (CallError, Refusal):
        return None, sure
    return (PolicyUpdate(0, declared) if rules is None and sure else rules), sure


async def _read(system: Any, level: str) -> PolicyUpdate | None:
    books = system.named(f"{level}:books", Books).within(PATIENCE) if level else None
    rules: PolicyUpdate | None = books and await books.call(Books.load, RULES)
    return rules
