"""What a viable system may declare: looked at when its class is made, so that a mistake is seen where it stands."""

from typing import Any

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.bargain.budget import Budget
from cybernetic.vsm.checks import share
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.inspection.independence import check_audit
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.world.declared import World


def check_declared(cls: Any) -> None:
    """What a class declares. Raises `OptionError`."""
    if cls.budget is not None and not isinstance(cls.budget, Budget):
        raise OptionError("budget", "a Budget or None", cls.budget)
    for name, port in cls.ports.items():
        if not isinstance(name, str) or not isinstance(port, Port):
            raise OptionError("ports", "names with a Port each", {name: port})
    for policy in cls.policies:
        if not isinstance(policy, Policy):
            raise OptionError("policies", "values of Policy", policy)
    if cls.audit is not None and not isinstance(cls.audit, Audit):
        raise OptionError("audit", "an Audit or None", cls.audit)
    if cls.audit is not None:
        check_audit(cls.audit)
    if cls.clocks is not None and not isinstance(cls.clocks, Clocks):
        raise OptionError("clocks", "Clocks or None", cls.clocks)
    if cls.world is not None and not isinstance(cls.world, World):
        raise OptionError("world", "a World or None", cls.world)
    if share("reserve", cls.reserve) == 1.0:
        raise OptionError("reserve", "less than 1", cls.reserve)
    if cls.pulse is not None:
        number("pulse", cls.pulse, above=0)
    number("tick", cls.tick, above=0)
    whole("lead", cls.lead, least=1)
    if not isinstance(cls.paging, Paging):
        raise OptionError("paging", "a Paging", cls.paging)
    for sink in cls.human:
        if not callable(getattr(sink, "page", None)) or not callable(getattr(sink, "resolve", None)):
            raise OptionError("human", "sinks with the methods page and resolve", sink)
