"""What replicas show, held at every step to a plain history of who knew of which change when."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.crdt import LWW, MV, AWMap, AWSet, GCounter, Lattice, PNCounter, Stamp
from tests.crdt.world import NAMES
from tests.support import soak

PLACES = ("p", "q", "r")
SIZE = 3


@dataclass(frozen=True)
class Event:
    """Something written at a place (None: removed), and which events its author knew there."""

    number: int
    place: str
    written: Any
    known: frozenset[int]


@dataclass
class History:
    """Who knows which events. What is told of one event tells of all its author knew at the place."""

    events: list[Event] = field(default_factory=list)
    known: list[set[int]] = field(default_factory=lambda: [set() for _ in range(SIZE)])

    def write(self, who: int, place: str, written: Any) -> Event:
        here = frozenset(n for n in self.known[who] if self.events[n].place == place)
        event = Event(len(self.events), place, written, here)
        self.events.append(event)
        self.hear(who, event)
        return event

    def hear(self, who: int, event: Event) -> None:
        self.known[who] |= {event.number, *event.known}

    def ask(self, who: int, whom: int) -> None:
        self.known[who] |= self.known[whom]

    def standing(self, who: int, place: str) -> list[Event]:
        """The writes at a place that no known event there has known."""
        here = [self.events[n] for n in self.known[who] if self.events[n].place == place]
        replaced = set().union(*[event.known for event in here])
        return [event for event in here if event.number not in replaced and event.written is not None]


writes = st.tuples(st.just("write"), st.integers(0, 2), st.sampled_from(PLACES), st.integers(0, 3))
removals = st.tuples(st.just("remove"), st.integers(0, 2), st.sampled_from(PLACES), st.just(0))
hearings = st.tuples(st.just("hear"), st.integers(0, 2), st.just("p"), st.integers(0, 60))
askings = st.tuples(st.just("ask"), st.integers(0, 2), st.just("p"), st.integers(0, 2))
steps = st.lists(st.one_of(writes, removals, hearings, askings), min_size=6, max_size=soak(40, 80))

Steps = list[tuple[str, int, str, int]]


class Players:
    """Replicas of a value beside the history of what happened to them."""

    def __init__(self, kind: type[Any]) -> None:
        self.states: list[Any] = [kind() for _ in range(SIZE)]
        self.history = History()
        self.told: list[tuple[Any, Event]] = []

    def act(self, who: int, place: str, written: Any, delta: Lattice) -> None:
        self.states[who] = self.states[who].join(delta)
        self.told.append((delta, self.history.write(who, place, written)))

    def share(self, what: str, who: int, number: int) -> None:
        if what == "ask":
            self.states[who] = self.states[who].join(self.states[number].since(self.states[who].context))
            self.history.ask(who, number)
        elif what == "hear" and self.told:
            delta, event = self.told[number % len(self.told)]
            self.states[who] = self.states[who].join(delta)
            self.history.hear(who, event)


@given(steps)
@settings(max_examples=soak(60, 2000))
def test_a_set_has_what_was_added_and_not_removed_by_one_who_knew(steps: Steps) -> None:
    players = Players(AWSet)
    for what, who, place, number in steps:
        state = players.states[who]
        if what == "write":
            players.act(who, place, True, state.add(NAMES[who], place))
        elif what == "remove" and place in state:
            players.act(who, place, None, state.remove(NAMES[who], place))
        else:
            players.share(what, who, number)
        for each, shown in enumerate(players.states):
            expected = {place for place in PLACES if players.history.standing(each, place)}
            assert set(shown) == expected
            assert len(shown) == len(expected)


@given(steps)
@settings(max_examples=soak(60, 2000))
def test_a_register_in_a_map_shows_the_writes_that_nobody_who_knew_them_replaced(steps: Steps) -> None:
    players = Players(AWMap)
    for what, who, place, number in steps:
        state = players.states[who]
        if what == "write":
            delta = state.put(place, state.at(place, MV).set(NAMES[who], number))
            players.act(who, place, number, delta)
        elif what == "remove" and place in state:
            players.act(who, place, None, state.remove(NAMES[who], place))
        else:
            players.share(what, who, number)
        for each, shown in enumerate(players.states):
            for place in PLACES:
                standing = players.history.standing(each, place)
                assert sorted(shown.at(place, MV).values) == sorted(event.written for event in standing)
                assert (place in shown) == bool(standing)


@given(steps)
@settings(max_examples=soak(60, 2000))
def test_a_last_writer_register_shows_the_latest_of_the_writes_that_stand(steps: Steps) -> None:
    players = Players(AWMap)
    for clock, (what, who, place, number) in enumerate(steps):
        state = players.states[who]
        stamp = Stamp(clock * 10 - number * 15 + 100, 0, NAMES[who])
        if what == "write" and (state.at(place, LWW).stamp or stamp) <= stamp:
            delta = state.put(place, state.at(place, LWW).set(NAMES[who], stamp, clock))
            players.act(who, place, (stamp, clock), delta)
        elif what == "remove" and place in state:
            players.act(who, place, None, state.remove(NAMES[who], place))
        else:
            players.share(what, who, number)
        for each, shown in enumerate(players.states):
            for place in PLACES:
                standing = [event.written for event in players.history.standing(each, place)]
                register = shown.at(place, LWW)
                assert (register.stamp, register.value) == max(standing, default=(None, None))


@given(steps)
@settings(max_examples=soak(60, 2000))
def test_a_counter_in_a_map_has_what_was_counted_and_not_removed_by_one_who_saw_it(steps: Steps) -> None:
    """Whoever hears of a count hears of all that its author counted there before."""
    players = Players(AWMap)
    counted: dict[tuple[str, int], list[int]] = defaultdict(list)  # by place and author
    seen: list[dict[tuple[str, int], int]] = [defaultdict(int) for _ in range(SIZE)]  # how many of them
    reset: dict[tuple[str, int], int] = defaultdict(int)
    heard: list[dict[tuple[str, int], int]] = []  # what each delta tells
    for what, who, place, number in steps:
        state = players.states[who]
        tells: dict[tuple[str, int], int] = {}
        if what == "write":
            by = number - 1
            counter = state.at(place, PNCounter)
            delta = (counter.decrement if by < 0 else counter.increment)(NAMES[who], abs(by))
            players.act(who, place, by, state.put(place, delta))
            counted[place, who].append(by)
            tells = {(place, who): len(counted[place, who])}
        elif what == "remove" and place in state:
            players.act(who, place, None, state.remove(NAMES[who], place))
            tells = {(p, author): count for (p, author), count in seen[who].items() if p == place}
            for key, count in tells.items():
                reset[key] = max(reset[key], count)
        elif what == "ask":
            players.share(what, who, number)
            tells = dict(seen[number])
        elif players.told:
            players.share(what, who, number)
            tells = heard[number % len(heard)] if what == "hear" else {}
        if what in ("write", "remove") and tells:
            heard.append(tells)
        if len(heard) < len(players.told):
            heard.append({})
        for key, count in tells.items():
            seen[who][key] = max(seen[who][key], count)
    whole = AWMap[str]()
    for shown in players.states:
        whole = whole.join(shown)
    for place in PLACES:
        expected = sum(sum(amounts[reset[key] :]) for key, amounts in counted.items() if key[0] == place)
        assert whole.at(place, PNCounter).value == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 5), st.integers(0, 2)), max_size=60))
def test_a_counter_has_every_count_of_everyone_once(counts: list[tuple[int, int, int]]) -> None:
    up = [GCounter() for _ in range(SIZE)]
    both = [PNCounter() for _ in range(SIZE)]
    for who, by, other in counts:
        up[who] = up[who].join(up[who].increment(NAMES[who], abs(by)))
        count = both[who].decrement if by < 0 else both[who].increment
        both[who] = both[who].join(count(NAMES[who], abs(by)))
        up[other], both[other] = up[other].join(up[who]), both[other].join(both[who])
    assert up[0].join(up[1]).join(up[2]).value == sum(abs(by) for _, by, _ in counts)
    assert both[0].join(both[1]).join(both[2]).value == sum(by for _, by, _ in counts)
