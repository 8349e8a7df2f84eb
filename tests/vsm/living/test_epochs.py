"""System 3 is there when an epoch ends, whatever the length of an epoch and however exact its timer is."""

from types import SimpleNamespace
from typing import Any

import pytest

from cybernetic.vsm.bargain import Budget
from cybernetic.vsm.control import bargaining
from cybernetic.vsm.control.bargaining import Bargaining
from cybernetic.vsm.control.patience import Patience
from cybernetic.vsm.recursion.charter import Charter


class Speaker:
    """Who speaks for the bargain: it counts for how long that wants to be left alone."""

    renew = "renew"

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.ref = self

    def after(self, seconds: float) -> "Speaker":
        self.waits.append(seconds)
        return self

    def cast(self, what: Any) -> None:
        assert what == "renew"


@pytest.mark.parametrize("early", [0.0, 1e-7])
@pytest.mark.parametrize("per", [0.1, 0.7, 7.3, 60.0])
async def test_it_wakes_at_the_end_of_each_epoch(
    monkeypatch: pytest.MonkeyPatch, per: float, early: float
) -> None:
    time, speaker = [3 * per], Speaker()
    monkeypatch.setattr(bargaining, "now", lambda: time[0])
    budget = Budget(usd=1, per=per)
    charter = Charter("acme", budget=budget, per=per, floor=budget.grant)
    one = Bargaining(speaker, charter, {}, SimpleNamespace(), dict, Patience(speaker))  # type: ignore[arg-type]
    begun = set()
    for _ in range(300):
        await one.turn()
        assert one.epoch is not None
        begun.add(one.epoch.number)
        time[0] += speaker.waits[-1] - early
    numbers = sorted(begun)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert len(numbers) >= (300 if not early else 149)
    assert len(speaker.waits) == 300  # it never waits for an end that is past
