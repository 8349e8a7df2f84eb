"""Axioms and principles that are sums and comparisons, on a living system: what comes to system 5, and what audits are
worth. The first axiom and the law of cohesion are in test_traces.py, the second axiom in test_intelligence.py.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, ClassVar

import pytest

from cybernetic.core import Chance
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Index, Note, PolicyDenied, Role, Task, ViableSystem
from cybernetic.vsm.channels import Ear
from cybernetic.vsm.cyberstride import Attention, Gauge
from cybernetic.vsm.governance.messages import Acting, Referral
from cybernetic.vsm.homeostat import ConversationState
from cybernetic.vsm.intelligence.messages import BalanceReport, Begun, Deadlock
from cybernetic.vsm.variety import Attenuator, Transducer
from cybernetic.wire import Codec
from tests.vsm.living.company import done, started
from tests.vsm.living.inspected import Desk, Kb, audited
from tests.vsm.living.test_intelligence import Pair, come
from tests.vsm.living.test_traces import Governed

SIGNS_OF_LIFE = (Acting, Begun)  # "I have begun": what system 5 wants is said to whoever says so


@pytest.fixture
def to_policy(monkeypatch: pytest.MonkeyPatch) -> list[Note]:
    """What comes to any system 5 from now on."""
    came: list[Note] = []
    take: Callable[..., Any] = Ear.take

    @wraps(take)
    def noted(ear: Any, note: Note) -> Any:
        if note.role is Role.POLICY and not isinstance(note.body, SIGNS_OF_LIFE):
            came.append(note)
        return take(ear, note)

    monkeypatch.setattr(Ear, "take", noted)
    return came


async def test_t_a3_what_comes_to_system_5_is_what_3_and_4_left_unresolved(to_policy: list[Note]) -> None:
    async with started(Pair) as (system, company):
        await come(system, "pair", range(45))  # system 3 agrees: nothing is left over
        talks = await company.call(ViableSystem.decisions, 0, "talk")
        assert talks
        assert to_policy == []
        metasystem = system.named("pair:metasystem", Supervisor)
        await metasystem.call(Supervisor.terminate_child, "control")
        await come(system, "pair", range(45, 80))
        log = await company.call(ViableSystem.decisions, 0, "talk")
        over = (ConversationState.RULED.value, ConversationState.ESCALATED.value)
        left = {entry.body["proposal"].id for entry in log if entry.body["state"] in over}
        assert left
        assert {note.body.proposal.id for note in to_policy if isinstance(note.body, Deadlock)} == left
        assert {type(note.body) for note in to_policy} <= {Deadlock, BalanceReport}
        ruled = await company.call(ViableSystem.decisions, 0, "ruling")
        assert {entry.body["proposal"] for entry in ruled} == left


async def test_t_a3_and_what_policies_leave_to_somebody(to_policy: list[Note]) -> None:
    async with started(Governed) as (_, firm):
        for usd in (0.1, 0.8, 0.1, 0.9):
            with suppress(PolicyDenied):
                await done(firm, "governed/solo", usd=usd)
        questions = await firm.call(ViableSystem.decisions, 0, "question")
        assert len(questions) == 2
        assert {type(note.body) for note in to_policy} == {Referral}
        ids = {f"governed?{note.body.id}" for note in to_policy}
        assert ids == {entry.body["question"] for entry in questions}


async def harm(desk: type[Desk], tasks: int) -> int:
    """How many wrong answers a customer of such a desk gets, of so many."""
    Kb.lies = True
    async with started(desk) as (_, ref):
        wrong = 0
        for number in range(tasks):
            task = Task("ask", number, id=f"question {number}")
            performed = await ref.within(None).call(ViableSystem.submit, task)
            await asyncio.sleep(0.01)
            wrong += performed.outcome.value != 2 * number
        return wrong


async def test_t_p1_a_balance_that_is_designed_costs_less_harm() -> None:
    designed, none = await harm(audited(probability=0.5), 400), await harm(audited(verify=None), 400)
    assert none == 80  # a fifth
    assert designed < 0.5 * none


# Filters and boundaries.


class Watched:
    """An index as its gauge shows it: a window of data comes out as whether anybody is to look at it."""

    index: ClassVar[Any] = Index("cycle_time", limits=(0.0, 100.0), plan=10.0, cost=True)

    def __call__(self, window: tuple[float, ...]) -> tuple[bool, ...]:
        """What comes of the window's last data: the rest is what the gauge has learnt from."""
        gauge = Gauge(self.index)  # as a unit has it: the variance is learnt
        shown = [gauge.update(value) for value in window]
        return tuple(one.attention >= Attention.NOTICE or one.breach is not None for one in shown[-5:])


def normal(count: int) -> list[tuple[float, ...]]:
    """Windows of what is usual."""
    chance = Chance(11)
    return [
        tuple(10.0 + chance.stream("window", n, at).gauss(0.0, 1.0) for at in range(200))
        for n in range(count)
    ]


def broken(window: tuple[float, ...]) -> tuple[float, ...]:
    """Its last five data are six deviations too high."""
    return (*window[:-5], *(value + 6.0 for value in window[-5:]))


def test_t_var_signal_the_filter_of_indices_misses_few_of_the_faults_put_in() -> None:
    filtering: Any = Attenuator("gauge", Watched())
    measured = filtering.measure(normal(60), broken, bool)
    assert measured.acceptable(0.05)
    assert measured.items_out < measured.items_in / 5
    false = sum(any(Watched()(window)) for window in normal(60)) / 60
    assert false <= 0.1


def test_t_var_signal_an_average_that_hides_them_is_not_accepted() -> None:
    averaging: Any = Attenuator("mean", lambda window: [sum(window) / len(window)])
    assert not averaging.measure(normal(60), broken, lambda value: value > 13.0).acceptable(0.05)


def test_t_p3_what_crosses_the_border_of_a_process_loses_nothing() -> None:
    codec = Codec()
    corpus = [
        *(Task("job", {"n": n}, id=f"task {n}") for n in range(10)),
        *(PolicyDenied("pay", "thrift v1", f"reason {n}") for n in range(3)),
    ]
    said = [(type(one).__name__, str(one)) for one in corpus]
    border: Any = Transducer(
        "codec", lambda at: codec.encode(corpus[at]), lambda raw: _said(codec.decode(raw))
    )
    carried = border.measure(range(len(said)))
    assert carried.enough(0.0)
    assert (carried.unknown, carried.truncated) == (0, 0)


def _said(value: Any) -> tuple[str, str]:
    return type(value).__name__, str(value)
