"""A shift of weights that was in force when the program ended is none where it is over, or other units are declared."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Budget, ViableSystem, now, unit
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.intelligence.messages import Shift
from tests.vsm.living.company import Company, Worker, started

LASTS = 1000.0  # seconds


def pair(folder: Path, *ids: str) -> type[ViableSystem]:
    """Units that share a budget."""

    class Pair(ViableSystem):
        """On a disk."""

        budget = Budget(usd=100, per=60)
        data: ClassVar[str | None] = str(folder)
        ports: ClassVar[Any] = Company.ports

        def units(self) -> list[Any]:
            """Equal ones."""
            return [unit(Worker, id=id, floor=0.1) for id in ids]

    return Pair


@pytest.mark.parametrize(
    ("second", "away", "left"),
    [
        (("left", "right"), 5.0, True),
        (("left", "right"), 2 * LASTS, False),
        (("left", "right", "new"), 5.0, False),
        (("left", "right", "new"), 2 * LASTS, False),
        (("left",), 5.0, False),
        (("left",), 2 * LASTS, False),
    ],
)
async def test_what_is_lent_after_a_restart(
    tmp_path: Path, second: tuple[str, ...], away: float, left: bool
) -> None:
    async with started(pair(tmp_path, "left", "right")) as (system, _):
        await asyncio.sleep(3.0)
        shift = Shift({"pair/left": 3.0, "pair/right": 1.0}, now() + LASTS)
        in_force = 1, ("pair:shift-1", shift, ())  # as system 4 writes down what is
        await system.named("pair:books", Books).call(Books.save, "intelligence", in_force)
        await system.named("pair:control", Control).call(Control.reweigh, shift)
    await asyncio.sleep(away)
    async with started(pair(tmp_path, *second)) as (system, company):
        await asyncio.sleep(65.0)  # the next epoch, with nothing left of before
        ledger = await company.call(ViableSystem.ledger)
        held = ledger.purse.ledger(ledger.purse.epoch(now())).open
        lent = {path: held[path].upper.amount("usd") for path in held}
        assert (lent["pair/left"] > 60.0) is (left or second == ("left",))
        assert set(await system.named("pair:intelligence", Intelligence).call(Intelligence.model)) == {
            f"pair/{id}" for id in second
        }


def test_it_holds_for_all_its_units_until_then() -> None:
    shift = Shift({"a": 1.0, "b": 2.0}, 10.0)
    assert shift.holds(["b", "a"], 9.9)
    assert not shift.holds(["a", "b"], 10.0)
    assert not shift.holds(["a"], 9.0)
    assert not shift.holds(["a", "b", "c"], 9.0)
