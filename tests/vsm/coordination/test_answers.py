"""Calls that are one: who waits is answered, what is old or not believed is given to nobody, one is made at a time."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.coordination.answers import GONE, KEPT, Answers
from cybernetic.vsm.coordination.messages import (
    CallAwaited,
    CallLost,
    CallShared,
    CallUnderWay,
    CallWanted,
    MakeIt,
)
from tests.support import soak

SECONDS = 5.0
SAMES = st.sampled_from(["one", "two"])
UNITS = st.sampled_from(["l/a", "l/b", "l/room/c"])


class Waiter:
    """One who waits for an answer, since when."""

    def __init__(self, wanted: CallWanted, at: float) -> None:
        self.wanted, self.at, self.came = wanted, at, list[Any]()

    def reply(self, answer: Any) -> None:
        self.came.append(answer)


class Sharing(RuleBasedStateMachine):
    """Units that want, make, end, fall silent and begin anew, in any order, under a level above or not."""

    @initialize(above=st.booleans())
    def begin(self, above: bool) -> None:
        self.at, self.count, self.above = 0.0, 0, above
        self.answers = Answers(1.0)
        self.waiters: list[Waiter] = []
        self.asked_above: list[CallWanted] = []
        self.making: dict[
            str, CallWanted
        ] = {}  # by id, that were told to make it and have not said what came of it
        self.made: dict[str, float] = {}  # when, by id
        self.barred: set[str] = set()

    def take(self, waiter: Waiter) -> None:
        """What came."""
        assert len(waiter.came) <= 1
        for said in waiter.came:
            self.waiters.remove(waiter)
            if isinstance(said, MakeIt):
                self.making[waiter.wanted.id] = waiter.wanted
            elif isinstance(said, CallShared):
                assert said.same == waiter.wanted.same
                assert self.at < self.made[said.id] + SECONDS or waiter.at <= self.made[said.id]
                assert said.port not in self.barred
            else:
                assert isinstance(said, CallAwaited)
                self.want_again(waiter.wanted)

    def want_again(self, wanted: CallWanted) -> None:
        waiter = Waiter(wanted, self.at)
        self.waiters.append(waiter)
        before = [one for one in self.making.values() if one.same == wanted.same]
        if self.answers.wanted(wanted, waiter, self.at, self.above):  # type: ignore[arg-type]
            self.asked_above.append(wanted)
        alone = not self.barred and not self.lost_some
        if alone and before and waiter.came and isinstance(waiter.came[0], MakeIt):
            raise AssertionError(f"{wanted} is made twice: {before}")
        self.take(waiter)

    lost_some = False  # from then on several may make the same

    @rule(same=SAMES, unit=UNITS)
    def want(self, same: str, unit: str) -> None:
        self.count += 1
        self.want_again(CallWanted("p", same, f"{unit}#{self.count}"))

    @precondition(lambda self: self.asked_above)
    @rule(found=st.booleans())
    def hear_from_above(self, found: bool) -> None:
        wanted = self.asked_above.pop(0)
        if found:
            self.made["x/y#1"] = self.at
            self.answers.shared(CallShared("p", wanted.same, "x/y#1", b"", "", Vector(), SECONDS), self.at)
        else:
            self.answers.unknown_above(wanted, self.at)
        self.take_all()

    @precondition(lambda self: self.making)
    @rule(n=st.integers(0, 5), good=st.booleans())
    def end(self, n: int, good: bool) -> None:
        wanted = list(self.making.values())[n % len(self.making)]
        del self.making[wanted.id]
        if good:
            self.made[wanted.id] = self.at
            self.answers.shared(CallShared("p", wanted.same, wanted.id, b"", "", Vector(), SECONDS), self.at)
        else:
            self.lost_some = True
            self.answers.lost(CallLost("p", wanted.same, wanted.id), self.at)
        self.take_all()

    @rule(unit=UNITS)
    def begin_anew(self, unit: str) -> None:
        self.lost_some = True
        self.waiters = [one for one in self.waiters if not one.wanted.id.startswith(f"{unit}#")]
        self.making = {id: one for id, one in self.making.items() if not id.startswith(f"{unit}#")}
        self.answers.without(unit, self.at)
        self.take_all()

    @rule(barred=st.booleans())
    def bar(self, barred: bool) -> None:
        self.lost_some = True
        self.barred = {"p"} if barred else set()
        self.answers.bar("p", barred, self.at)
        self.take_all()

    @rule(silent=st.booleans())
    def go_round(self, silent: bool) -> None:
        self.at += 1.0
        if silent:
            self.lost_some = True
        else:
            for one in self.making.values():
                self.answers.under_way(CallUnderWay("p", one.same, one.id), self.at)
        self.answers.turn(self.at)
        self.take_all()

    def take_all(self) -> None:
        for waiter in list(self.waiters):
            self.take(waiter)

    @invariant()
    def nobody_waits_unheard(self) -> None:
        assert all(self.at - one.at <= 1.0 for one in self.waiters)


class TestSharing(Sharing.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=soak(30, 2000), stateful_step_count=40)


def wanting(answers: Answers, same: str, id: str, at: float) -> Waiter:
    waiter = Waiter(CallWanted("p", same, id), at)
    answers.wanted(waiter.wanted, waiter, at)  # type: ignore[arg-type]
    return waiter


def test_who_makes_a_call_and_is_not_heard_of_makes_it_no_more() -> None:
    answers = Answers(1.0)
    assert wanting(answers, "one", "l/a#1", 0.0).came == [MakeIt()]
    waiter = wanting(answers, "one", "l/b#1", float(GONE))
    answers.turn(float(GONE))
    assert waiter.came == []
    assert answers.turn(GONE + 0.5) == (CallLost("p", "one", "l/a#1"),)
    assert waiter.came == [MakeIt()]


def test_who_asks_again_keeps_his_place() -> None:
    answers = Answers(1.0)
    assert wanting(answers, "one", "l/a#1", 0.0).came == [MakeIt()]
    assert wanting(answers, "one", "l/a#1", 1.0).came == [MakeIt()]
    assert wanting(answers, "one", "l/b#1", 1.0).came == []


def test_an_answer_of_no_time_is_for_those_who_waited_for_it() -> None:
    answers = Answers(1.0)
    wanting(answers, "one", "l/a#1", 0.0)
    waiter = wanting(answers, "one", "l/b#1", 0.5)
    shared = CallShared("p", "one", "l/a#1", b"", "", Vector(), 0.0)
    answers.shared(shared, 1.0)
    assert waiter.came == [shared]
    assert wanting(answers, "one", "l/c#1", 1.0).came == [MakeIt()]


def test_a_loss_that_is_not_that_of_who_makes_the_call_for_others_is_his_own() -> None:
    answers = Answers(1.0)
    wanting(answers, "one", "l/a#1", 0.0)
    for unit in "bc":
        wanting(answers, "one", f"l/{unit}#1", 0.0)
    answers.lost(CallLost("p", "one", "l/a#1"), 0.5)
    late = wanting(answers, "one", "l/d#1", 0.5)
    answers.lost(CallLost("p", "one", "l/c#1"), 0.6)
    assert late.came == []
    answers.lost(CallLost("p", "one", "l/b#1"), 0.7)
    assert late.came == [MakeIt()]


def test_what_is_kept_has_an_end_the_oldest_goes_first() -> None:
    answers, large = Answers(1.0), bytes(2**20)
    for n in range(70):
        answers.shared(CallShared("p", f"call {n}", "l/a#1", large, "", Vector(), 60.0), 0.0)
    came = [wanting(answers, f"call {n}", "l/b#1", 1.0).came[0] for n in range(70)]
    assert [isinstance(one, CallShared) for one in came] == [False] * 6 + [True] * 64
    small = Answers(1.0)
    for n in range(KEPT + 1):
        small.shared(CallShared("p", f"call {n}", "l/a#1", b"", "", Vector(), 60.0), 0.0)
    assert wanting(small, "call 0", "l/b#1", 1.0).came == [MakeIt()]
    assert wanting(small, "call 1", "l/b#1", 1.0).came != [MakeIt()]
