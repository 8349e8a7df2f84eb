"""Every disturbance ends in exactly one place, however messages are repeated or reordered."""

from math import nan

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cybernetic.core import OptionError
from cybernetic.vsm.variety import Absorber, Disturbance, VarietyLedger
from cybernetic.vsm.variety.ledger import MOST_HARM


def test_balance_harm_and_channels() -> None:
    ledger = VarietyLedger()
    for id in "abcd":
        ledger = ledger.enter(id, "spike", 0.0, harm=2.0)
    ledger = ledger.close("a", Absorber.OPERATION, 1.0)
    ledger = ledger.cross("b", "coordination").close("b", Absorber.COORDINATION, 2.0)
    ledger = ledger.close("c", Absorber.CONTROL, 2.0)
    assert ledger.balance[Absorber.OPERATION] == 1
    assert ledger.balance[None] == 1
    assert ledger.untraced() == {"c"}
    assert ledger.left() == {"coordination": {"b"}}
    assert ledger.harm == 0
    ledger = ledger.expire(before=1.0)
    assert ledger.balance[Absorber.UNABSORBED] == 1
    assert ledger.harm == 2.0
    assert ledger.untraced() == {"c"}  # what nobody absorbed went through no side door


def test_what_comes_at_the_moment_itself_is_not_expired_yet() -> None:
    ledger = VarietyLedger().enter("1", "late", now=1.0)
    assert ledger.expire(before=1.0) == ledger
    assert ledger.expire(before=1.5).entries["1"].absorber is Absorber.UNABSORBED


def test_what_is_told_twice_counts_once_and_from_when_it_was_told_first() -> None:
    ledger = VarietyLedger().enter("1", "late", now=1.0, harm=2.0)
    assert ledger.enter("1", "late", now=5.0, harm=2) is ledger


def test_the_worst_harm_of_many_has_a_sum() -> None:
    ledger = VarietyLedger()
    for id in "abc":
        ledger = ledger.enter(id, "late", 0.0, harm=MOST_HARM)
    assert ledger.expire(1.0).harm == pytest.approx(3 * MOST_HARM)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda _: Disturbance("", 1.0, 0.0), "kind"),
        (lambda _: Disturbance("spike", nan, 0.0), "harm"),
        (lambda _: Disturbance("spike", -1.0, 0.0), "harm"),
        (lambda _: Disturbance("spike", 1.0, nan), "since"),
        (lambda _: Disturbance("spike", 1.0, 0.0, absorber="S2", closed=1.0), "absorber"),  # type: ignore[arg-type]
        (lambda _: Disturbance("spike", 1.0, 0.0, absorber=Absorber.CONTROL), "closed"),
        (lambda _: Disturbance("spike", 1.0, 0.0, closed=1.0), "closed"),
        (lambda _: Disturbance("spike", 1.0, 0.0, (), Absorber.CONTROL, nan), "closed"),
        (lambda ledger: ledger.enter("", "spike", 0.0), "id"),
        (lambda ledger: ledger.enter("b", "", 0.0), "kind"),
        (lambda ledger: ledger.enter("a", "step", 0.0), "kind"),
        (lambda ledger: ledger.enter("a", "spike", 0.0, harm=2.0), "harm"),
        (lambda ledger: ledger.enter("b", "spike", nan), "now"),
        (lambda ledger: ledger.enter("b", "spike", 0.0, harm=-1.0), "harm"),
        (lambda ledger: ledger.cross("b", "audit"), "id"),
        (lambda ledger: ledger.cross("a", ""), "channel"),
        (lambda ledger: ledger.close("b", Absorber.CONTROL, 1.0), "id"),
        (lambda ledger: ledger.close("a", "S3", 1.0), "absorber"),
        (lambda ledger: ledger.close("a", Absorber.CONTROL, -1.0), "now"),
        (lambda ledger: ledger.cross("a", "audit").close("a", Absorber.OPERATION, 1.0), "absorber"),
        (
            lambda ledger: ledger.close("a", Absorber.CONTROL, 1.0).close("a", Absorber.ALGEDONIC, 1.0),
            "absorber",
        ),
        (lambda ledger: ledger.close("a", Absorber.CONTROL, 1.0).cross("a", "audit"), "id"),
        (lambda ledger: ledger.expire(nan), "before"),
    ],
)
def test_bad_input_is_named(make: object, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        make(VarietyLedger().enter("a", "spike", 0.0))  # type: ignore[operator]
    assert caught.value.name == name


IDS, CHANNELS = st.sampled_from("abcdef"), st.sampled_from(["command", "audit", "coordination"])


class Ledgers(RuleBasedStateMachine):
    """A ledger beside a plain model of it; contradictions are refused and leave it as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = VarietyLedger()
        self.model: dict[str, Absorber | None] = {}
        self.crossed: dict[str, set[str]] = {}

    @rule(id=IDS)
    def enter(self, id: str) -> None:
        self.ledger = self.ledger.enter(id, "kind", 0.0)
        self.model.setdefault(id, None)
        self.crossed.setdefault(id, set())

    @rule(id=IDS, channel=CHANNELS)
    def cross(self, id: str, channel: str) -> None:
        known = self.model.get(id, Absorber.UNABSORBED) is None or channel in self.crossed.get(id, ())
        if not known:
            with pytest.raises(OptionError):
                self.ledger.cross(id, channel)
            return
        self.ledger = self.ledger.cross(id, channel)
        self.crossed[id].add(channel)

    @rule(id=IDS, absorber=st.sampled_from(Absorber))
    def close(self, id: str, absorber: Absorber) -> None:
        allowed = id in self.model and self.model[id] in (None, absorber)
        if allowed and absorber is Absorber.OPERATION and self.model[id] is None:
            allowed = not self.crossed[id]
        if not allowed:
            with pytest.raises(OptionError):
                self.ledger.close(id, absorber, 1.0)
            return
        self.ledger = self.ledger.close(id, absorber, 1.0)
        self.model[id] = absorber

    @rule()
    def expire(self) -> None:
        self.ledger = self.ledger.expire(0.5)
        self.model = {id: absorber or Absorber.UNABSORBED for id, absorber in self.model.items()}

    @invariant()
    def each_id_is_in_exactly_one_class(self) -> None:
        assert {id: entry.absorber for id, entry in self.ledger.entries.items()} == self.model
        assert sum(self.ledger.balance.values()) == len(self.model)

    @invariant()
    def what_left_is_the_sum_over_the_channels(self) -> None:
        left = self.ledger.left()
        assert set().union(*left.values()) == {id for id, channels in self.crossed.items() if channels}
        assert not self.ledger.untraced() & set().union(*left.values())


TestLedgers = Ledgers.TestCase
