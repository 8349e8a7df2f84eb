"""What a viable system may declare: looked at when its class is made, so that a mistake is seen where it stands."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from inspect import getattr_static
from os import PathLike
from typing import Any

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.bargain.budget import Budget
from cybernetic.vsm.checks import instance, is_async, share
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.inspection.independence import check_audit
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.operations.kinds import kinds_of
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.world.declared import World

ALIKE = 0.85  # of two names, 0 to 1, from where one is taken for the other


FINAL = frozenset(
    {
        "ablate",
        "ack",
        "alarms",
        "answer",
        "balance",
        "begun",
        "billed",
        "children",
        "decisions",
        "identity",
        "ledger",
        "levels",
        "lift",
        "outlook",
        "policy_changes",
        "questions",
        "resume",
        "retire_policy",
        "rollback_policy",
        "rules",
        "set_bands",
        "set_policy",
        "status",
        "submit",
        "suspend",
    }
)
"""What a viable system answers, and a subclass does not make anew."""


def check_declared(cls: Any, known: Any) -> None:
    """What a class declares, `known` being the one that says what may be.

    Raises `OptionError`, also for a name that is nearly one of those: what nobody reads would be no rule.
    """
    for base in (base for base in cls.__mro__ if base not in known.__mro__):
        _check_names(base, known)
    _check_purpose(cls)
    _check_rules(cls)
    _check_units(cls)
    _check_audit(cls)
    _check_figures(cls)
    _check_human(cls)


def _check_names(cls: Any, known: Any) -> None:
    """What a class, or what is mixed into it, calls nearly as what may be declared."""
    for name, value in vars(cls).items():
        if not name.startswith("_") and not hasattr(known, name) and not callable(value):
            for meant in _nearly(name, known):
                raise OptionError(name, f"{meant!r}, or a name that is less like it", name)


def _check_purpose(cls: Any) -> None:
    """What it is for, of what kinds of tasks, and where what must last is kept."""
    if not isinstance(cls.purpose, str):
        raise OptionError("purpose", "a sentence", cls.purpose)
    kinds_of(cls.kinds)
    if not hasattr(type(cls.data), "__get__"):  # a property: of each object it is looked at when that starts
        check_data(cls.data)


def check_data(data: Any) -> Any:
    """What a class or one object of it declares as `data`, if it may. Raises `OptionError`."""
    if data is not None and not isinstance(data, str | PathLike):
        raise OptionError("data", "the path of a folder, or None", data)
    return data


def _check_rules(cls: Any) -> None:
    """What may be spent, where, and under which policies."""
    if cls.budget is not None and not isinstance(cls.budget, Budget):
        raise OptionError("budget", "a Budget or None", cls.budget)
    if not isinstance(cls.ports, Mapping):
        raise OptionError("ports", 'a mapping, such as {"bank": Port()}', cls.ports)
    for name, port in cls.ports.items():
        if not isinstance(name, str) or not name or not isinstance(port, Port):
            raise OptionError("ports", "names with a Port each", {name: port})
    if not isinstance(cls.policies, Sequence):
        raise OptionError("policies", "a list of values of Policy", cls.policies)
    for policy in cls.policies:
        if not isinstance(policy, Policy):
            raise OptionError("policies", "values of Policy", policy)
    names = [policy.name for policy in cls.policies]
    if len(set(names)) < len(names):
        raise OptionError("policies", "names that differ", names)


def _check_units(cls: Any) -> None:
    """What returns the units; what it returns is seen when the level starts."""
    made = getattr_static(cls, "units")
    if isinstance(made, classmethod | staticmethod) or not callable(cls.units) or is_async(cls.units):
        raise OptionError("units", "a method, `def units(self)`, that returns them at once", made)


def _check_audit(cls: Any) -> None:
    if cls.audit is not None and not isinstance(cls.audit, Audit):
        raise OptionError("audit", "an Audit or None", cls.audit)
    if cls.audit is not None:
        check_audit(cls.audit)


def _check_figures(cls: Any) -> None:
    """How long, how often, how much."""
    if cls.clocks is not None and not isinstance(cls.clocks, Clocks):
        raise OptionError("clocks", "Clocks or None", cls.clocks)
    if cls.world is not None and not isinstance(cls.world, World):
        raise OptionError("world", "a World or None", cls.world)
    if share("reserve", cls.reserve) == 1.0:
        raise OptionError("reserve", "less than 1", cls.reserve)
    if cls.pulse is not None:
        number("pulse", cls.pulse, above=0)
    number("tick", cls.tick, above=0)
    number("capacity", cls.capacity, above=0)
    whole("lead", cls.lead, least=1)
    instance("paging", cls.paging, Paging)


def _check_human(cls: Any) -> None:
    if not isinstance(cls.human, Sequence):
        raise OptionError("human", "a list of sinks, of one as well", cls.human)
    for sink in cls.human:
        if isinstance(sink, type):
            raise OptionError("human", f"an object, such as {sink.__name__}(), and no class", sink)
        if not callable(getattr(sink, "page", None)) or not callable(getattr(sink, "resolve", None)):
            raise OptionError("human", "sinks with the methods page and resolve", sink)


def _nearly(name: str, known: Any) -> list[str]:
    """The attribute of a viable system that a name is likely to mean, if it is."""
    names = list(known.__annotations__)
    # of a short name two letters are much of it
    swapped = {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)}
    return [one for one in names if one in swapped] or get_close_matches(name, names, 1, ALIKE)
