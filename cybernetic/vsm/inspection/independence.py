"""The auditor is not the audited: what a level declares of its audits is held against what it audits."""

from collections.abc import Callable, Iterable
from typing import Any

from cybernetic.core import OptionError
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.inspection.verifier import spends


def check_audit(audit: Audit) -> None:
    """Raises `OptionError` where a verifier uses ports, and it is not said which one it has to keep off."""
    if spends(audit) and audit.independent_of is None:
        raise OptionError(
            "audit", "independent_of=, the port that a verifier which uses ports keeps off", None
        )


def check_independence(audit: Audit, ports: Iterable[str], operations: Iterable[Any]) -> None:
    """Raises `OptionError` where the port to keep off is none of the level's `ports`, or where what verifies is part of
    one of the `operations` (classes) that it would audit.
    """
    declared = sorted(ports)
    if audit.independent_of is not None and audit.independent_of not in declared:
        raise OptionError("independent_of", f"a port that is declared: {declared}", audit.independent_of)
    for operation in operations:
        for name in ("verify", "inspect"):
            if _part_of(getattr(audit, name), operation):
                raise OptionError(
                    name, f"none of {operation.__name__}'s methods: it would audit itself", name
                )


def _part_of(check: Callable[..., Any] | None, operation: Any) -> bool:
    """Whether a check is a function of a class, or bound to the class or one of its objects."""
    if check is None:
        return False
    owner = getattr(check, "__self__", None)
    if owner is operation or (isinstance(operation, type) and isinstance(owner, operation)):
        return True
    function = getattr(check, "__func__", check)
    own = (getattr(value, "__func__", value) for cls in operation.__mro__ for value in vars(cls).values())
    return any(function is one for one in own)
