"""Every public entry of the viable system's mathematics that takes figures, found by looking, and how it is tried."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from inspect import Parameter, isclass, isfunction, signature
from math import inf
from typing import Any

from tests.vsm.accepted import PLAIN, Arguments
from tests.vsm.asked import METHODS

PACKAGES = ("audit", "bargain", "cyberstride", "damping", "decisions", "homeostat", "ladder", "variety")


@dataclass(frozen=True)
class Entry:
    """Something public that takes figures: what to call, and which of its parameters are figures."""

    name: str
    figures: tuple[str, ...]


def entries() -> list[Entry]:
    """All of them, found by looking at what the packages export."""
    found = []
    for package in PACKAGES:
        module = import_module(f"cybernetic.vsm.{package}")
        for name in module.__all__:
            thing = getattr(module, name)
            if (isclass(thing) or isfunction(thing)) and (figures := _figures(thing)):
                found.append(Entry(f"{package}.{name}", figures))
            for method, value in vars(thing).items() if isclass(thing) else ():
                function = getattr(value, "__func__", value)
                if not method.startswith("_") and isfunction(function) and (figures := _figures(function)):
                    found.append(Entry(f"{package}.{name}.{method}", figures))
    return found


def callables() -> dict[str, tuple[str, ...]]:
    """All that is public and takes arguments, figures or not, by name, and the names of those that can be left out or
    given; enumerations and protocols are none.
    """
    found: dict[str, Callable[..., Any]] = {}
    for package in PACKAGES:
        module = import_module(f"cybernetic.vsm.{package}")
        for name in module.__all__:
            thing = getattr(module, name)
            if isfunction(thing):
                found[f"{package}.{name}"] = thing
            if not isclass(thing) or issubclass(thing, Enum) or getattr(thing, "_is_protocol", False):
                continue
            found[f"{package}.{name}"] = thing
            for method, value in vars(thing).items():
                function = getattr(value, "__func__", value)
                if not method.startswith("_") and isfunction(function):
                    found[f"{package}.{name}.{method}"] = function
    names = {name: _parameters(thing) for name, thing in found.items()}
    return {name: given for name, given in names.items() if given}


def _parameters(thing: Callable[..., Any]) -> tuple[str, ...]:
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return tuple(
        each.name
        for each in signature(thing).parameters.values()
        if each.kind in kinds and each.name not in ("self", "cls")
    )


def _figures(thing: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = signature(thing).parameters.values()
    except ValueError:  # an enumeration
        return ()
    return tuple(each.name for each in parameters if _is_figure(each))


def _is_figure(parameter: Parameter) -> bool:
    said = str(parameter.annotation)
    return "float" in said and "Callable" not in said and "Iterable[tuple" not in said


def target(name: str) -> Callable[..., Any]:
    """The class or function to call: of a method, that of the value that `METHODS` holds for it."""
    package, thing, *method = name.split(".")
    if name in METHODS:
        return getattr(METHODS[name][0](), method[0])  # type: ignore[no-any-return]
    found = getattr(import_module(f"cybernetic.vsm.{package}"), thing)
    return getattr(found, method[0]) if method else found  # type: ignore[no-any-return]


def arguments(name: str) -> Arguments:
    """Arguments that the entry accepts."""
    return METHODS[name][1] if name in METHODS else PLAIN[name]


# What is handed out and never taken, and protocols: nobody is to make one of these with figures of their own.
HANDED_OUT = {
    "audit": "AuditDetection PosiwidGap RateInterval",
    "bargain": "AnotherPeriod BudgetExhausted Epoch Reservation StaleContract",
    "cyberstride": "BocpdState Chart.step CusumState EwmaState Health Judgement Reading ShewhartState",
    "damping": "Flapping Oscillation Waiter Waiting",
    "decisions": "Amendment",
    "homeostat": "Conversation StepChange BandIndex",
    "ladder": "AckRefused Cleared Climb Folded Heard Noticed Owned Paged Pleased Raised StormRule.within Unanswered",
    "variety": "Carried Measured Regulated Variety",
}

# What is handed out and holds no figures, or is raised.
TOLD = {
    "bargain": "AnotherPurse NoOpenBill",
    "damping": "LeaseLost",
    "decisions": "Decision Opinion PolicyChange",
}

# What a value remembers of its own past, which it checked when it came.
REMEMBERED = {
    "damping.SharedPacer": {"held", "parts"},
    "ladder.ErrorBurst": {"times"},
    "ladder.Ladder": {"quiet", "noticed", "recent"},
}

# Where an infinity has a meaning of its own: never, without end, without limit.
ENDLESS = {
    "bargain.Allocator.reserve.until": (inf,),
    "bargain.Claim.at.level": (inf,),
    "bargain.Ledger.aside.until": (inf, -inf),
    "bargain.Ledger.reserve.until": (inf,),
    "bargain.Ledger.until": (inf, -inf),
    "bargain.Purse.reserve.until": (inf,),
    "damping.Aimd.barrier": (inf, -inf),
    "damping.Aimd.ceiling": (inf,),
    "damping.Aimd.refused.retry_after": (inf,),
    "damping.Member.until": (inf, -inf),
    "damping.Pacer.barrier": (inf, -inf),
    "damping.Pacer.credit": (inf,),
    "damping.SharedPacer.heard.holds_until": (-inf,),
    "damping.SharedPacer.part.until": (inf, -inf),
    "damping.Shaping.moves.moved_at": (inf, -inf),
    "ladder.Ladder.at": (inf, -inf),
    "ladder.Sensitivity.at": (inf, -inf),
    **{
        f"{name}.{band}": (-inf,)
        for name, bands in {
            "cyberstride.HealthLimits": ("autocorrelation", "ratio"),
            "homeostat.Bands": ("flow", "change_share", "churn", "regret"),
            "homeostat.Homeostat": ("limits",),
        }.items()
        for band in bands
    },
}
