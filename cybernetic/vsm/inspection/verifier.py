"""The verifier of a level as the auditor asks it: bounded in time, and never believed without proof."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from inspect import Parameter, isawaitable, signature
from typing import Any

from cybernetic.core import Refusal
from cybernetic.vsm.aside import Attempt
from cybernetic.vsm.audit.findings import Account
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.checks import is_async
from cybernetic.wire import told

_log = logging.getLogger("cybernetic.vsm")
_BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL)


class CannotTell(Exception):
    """An audit came to nothing. `failed`: because the verifier raised or hung; else it was refused its means."""

    def __init__(self, why: str, failed: bool) -> None:
        super().__init__(why)
        self.failed = failed


async def judgement(
    check: Callable[..., Any], of: Any, use: Any, patience: float, aside: Callable[..., Any] | None = None
) -> Account:
    """What `check(of)`, or `check(of, use)` where it takes two, says within `patience` seconds.

    A plain function runs by `aside` (`Agent.run_blocking`), so that it holds up nobody else. None:
    at once, for where time is simulated it stands still meanwhile.

    Raises `CannotTell`, whatever `check` raises, and where it gives what is neither a bool nor an `Account`.
    """
    attempt = None if aside is None or is_async(check) else Attempt(aside)
    try:
        async with asyncio.timeout(patience):
            given = (of, use) if _takes_two(check) else (of,)
            verdict = check(*given) if attempt is None else await attempt.in_thread(partial(check, *given))
            if isawaitable(verdict):
                verdict = await verdict
    except TimeoutError as error:
        if attempt is not None and not attempt.made:
            raise CannotTell(f"no thread was free for it within {patience:g} s", False) from error
        raise CannotTell(f"no answer within {patience:g} s", True) from error
    except Refusal as error:  # its budget is spent, a policy denies, or it may not use what it audits
        raise CannotTell(str(error), False) from error
    except Exception as error:
        _log.warning("a verifier raised", exc_info=error)
        raise CannotTell(told(error), True) from error
    if isinstance(verdict, bool):
        return Account(verdict)
    if not isinstance(verdict, Account):
        raise CannotTell(f"expected a bool or an Account, got: {type(verdict).__name__}", True)
    return verdict


def spends(audit: Audit) -> bool:
    """Whether what verifies or inspects wants to use ports, and so needs a budget."""
    return any(check is not None and _takes_two(check) for check in (audit.verify, audit.inspect))


def _takes_two(check: Callable[..., Any]) -> bool:
    try:
        parameters = signature(check).parameters.values()
    except (TypeError, ValueError):
        return False
    by_place = [one for one in parameters if one.kind in _BY_PLACE]
    required = sum(one.default is Parameter.empty for one in by_place)
    return any(one.kind is Parameter.VAR_POSITIONAL for one in by_place) or required >= 2
