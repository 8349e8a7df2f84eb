"""What is declared wrongly is refused where it stands, and what is not declared is missed by nobody."""

from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import OptionError, StartFailed
from cybernetic.vsm import Operation, Paging, ViableSystem, unit


class Sink:
    """A person."""

    def page(self, page: Any) -> None:
        """Hear it."""

    def resolve(self, key: Any) -> None:
        """Hear that it is over."""


def test_a_name_that_is_nearly_a_declaration_is_refused_where_it_stands() -> None:
    for name in ("polices", "budgets", "port", "humans"):
        with pytest.raises(OptionError, match=f"{name}: expected '.*', or a name that is less like it"):
            type("Typo", (ViableSystem,), {name: ()})
    type("Own", (ViableSystem,), {"count": 3, "region": "north", "clerk": ()})


async def test_what_is_no_unit_is_refused_by_name() -> None:
    class Wrong(ViableSystem):
        def units(self) -> Any:
            """Not made by `unit`."""
            return [Operation]

    async with System() as system:
        with pytest.raises(
            StartFailed, match=r"units: expected what `unit` or `remote` has made, got: .*Operation"
        ):
            await system.start(Wrong, type="temporary")


@pytest.mark.parametrize("declared", [{"human": (Sink(),)}, {"paging": Paging(attempts=1)}, {"pulse": 2.0}])
async def test_what_only_the_top_may_declare_is_refused_below_by_name(declared: dict[str, Any]) -> None:
    (name,) = declared
    within = type("Within", (ViableSystem,), declared)
    top = type("Top", (ViableSystem,), {"units": lambda self: [unit(within, id="in")]})
    async with System() as system:
        with pytest.raises(StartFailed, match=f"top/in: {name}: expected none, or that of the top"):
            await system.start(top, type="temporary")
        same = type("Same", (ViableSystem,), {"units": lambda self: [unit(within, id="in")], **declared})
        assert await (await system.start(same)).call(ViableSystem.levels) == ("same", "same/in")
        watched = type("Watched", (same,), {name: getattr(ViableSystem, name)})  # as who simulates it does
        await system.start(watched)


async def test_an_audit_that_nobody_declared_is_not_silent() -> None:
    class Plain(ViableSystem):
        """Nothing declared."""

    async with System() as system:
        plain = await system.start(Plain)
        assert (await plain.call(ViableSystem.status)).silent == ()
