"""The policies that hold at a level, as its books know: for who begins below it and remembers none."""

from contextlib import suppress
from typing import Any

from cybernetic.core import CallError, Refusal
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.governance.messages import PolicyUpdate

RULES = "rules"  # the key
PATIENCE = 1.0  # seconds for books that may be on another node


async def rules_of(system: Any, level: str) -> PolicyUpdate | None:
    """What holds at a level, whether its system 5 lives or not; None where nothing does yet, or its books are away."""
    rules: PolicyUpdate | None = None
    with suppress(CallError, Refusal):
        books = system.named(f"{level}:books", Books).within(PATIENCE) if level else None
        rules = books and await books.call(Books.load, RULES)
    return rules
