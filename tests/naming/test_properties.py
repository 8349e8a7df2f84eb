"""Whatever happens at random, registries, groups and topics show what a simple model says."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic import Kill, Shutdown, System
from cybernetic.core import AlreadyRegistered, NotJoined
from cybernetic.naming import Groups, Joined, Published, Registry, Topics
from cybernetic.naming.topics import patterns
from tests.naming.agents import Member, do, error, members
from tests.support import soak

rooms = Registry("rooms")
teams = Groups("teams")
news = Topics("news")

EXAMPLES = soak(50, 300)  # each is a system of its own

WHO = st.integers(0, 3)
NAMES = st.sampled_from([1, 1.0, "a", None])
WORDS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
PATTERNS = st.one_of(WORDS, WORDS.map(lambda word: f"{word}.*"), st.just("*"))


@given(
    st.lists(st.tuples(st.sampled_from(["register", "unregister", "kill", "end"]), WHO, NAMES), max_size=30)
)
@settings(max_examples=EXAMPLES)
async def test_a_unique_registry_shows_who_lives_and_holds_what(steps: list[tuple[str, int, Any]]) -> None:
    async with System() as system:
        await rooms.start(system)
        agents = await members(system, 4)
        model: dict[str, Any] = {}
        for act, who, key in steps:
            ref = agents[who]
            if act in ("kill", "end"):
                ref.exit(Kill() if act == "kill" else Shutdown())
                model = {held: holder for held, holder in model.items() if holder is not ref}
                agents[who] = await system.start(Member)
            elif act == "unregister":
                await do(ref, lambda agent, key=key: rooms.unregister(agent, key))
                if model.get(repr(key)) is ref:
                    del model[repr(key)]
            else:
                refused = await error(ref, lambda agent, key=key: rooms.register(agent, key))
                assert isinstance(refused, AlreadyRegistered) == (repr(key) in model)
                model.setdefault(repr(key), ref)
            assert {repr(entry.key): entry.ref for entry in rooms.select(system)} == model
            for key in (1, 1.0, "a", None):
                assert rooms.whereis(system, key) is model.get(repr(key))
        linked = {ref for ref in agents if ref.inspect().info().links}
        assert linked == set(model.values())


@given(st.lists(st.tuples(st.sampled_from(["join", "leave", "kill", "watch"]), WHO, NAMES), max_size=30))
@settings(max_examples=EXAMPLES)
async def test_who_monitors_groups_knows_who_is_in_them(steps: list[tuple[str, int, Any]]) -> None:
    async with System() as system:
        await teams.start(system)
        agents = await members(system, 4)
        watcher = await system.start(Member)
        views: dict[
            Any, tuple[str | None, list[Any]]
        ] = {}  # by token: the group, None for all; and what is in it
        model: list[tuple[str, Any]] = []
        for act, who, group in steps:
            ref = agents[who]
            if act == "kill":
                ref.exit(Kill())
                model = [pair for pair in model if pair[1] is not ref]
                agents[who] = await system.start(Member)
            elif act == "join":
                teams.join(system, group, ref)
                model.append((repr(group), ref))
            elif act == "leave":
                try:
                    teams.leave(system, group, ref)
                except NotJoined:
                    assert (repr(group), ref) not in model
                else:
                    model.remove((repr(group), ref))
            elif who % 2:
                token, now = await do(watcher, lambda agent: teams.monitor_scope(agent))
                views[token] = (None, [(repr(group), ref) for group, refs in now for ref in refs])
            else:
                token, refs = await do(watcher, lambda agent, group=group: teams.monitor(agent, group))
                views[token] = (repr(group), [(repr(group), ref) for ref in refs])
        for change in await watcher.call(Member.seen):
            view = views[change.token][1]
            for ref in change.refs:
                (view.append if isinstance(change, Joined) else view.remove)((repr(change.group), ref))
        for only, view in views.values():
            wanted = [pair for pair in model if only in (None, pair[0])]
            assert sorted(map(repr, view)) == sorted(map(repr, wanted))
        shown = [(repr(g), ref) for g in teams.which_groups(system) for ref in teams.members(system, g)]
        assert sorted(map(repr, shown)) == sorted(map(repr, model))


PUBLISH = st.tuples(st.just("publish"), WHO, WORDS)
CHANGE = st.tuples(st.sampled_from(["subscribe", "unsubscribe"]), WHO, PATTERNS)
DEATH = st.tuples(st.sampled_from(["kill subscriber", "kill publisher"]), WHO, st.just(""))


@given(st.lists(st.one_of(PUBLISH, PUBLISH, CHANGE, DEATH), max_size=40))
@settings(max_examples=EXAMPLES)
async def test_subscribers_hear_each_publisher_in_order_and_exactly_what_they_subscribe_to(
    steps: list[tuple[str, int, str]],
) -> None:
    async with System() as system:
        await news.start(system)
        publishers, subscribers = await members(system, 4), await members(system, 4)
        wanted: dict[Any, set[str]] = {ref: set() for ref in subscribers}
        expected: dict[tuple[Any, Any], list[Published]] = {}  # by subscriber and publisher
        for number, (act, who, text) in enumerate(steps):
            if act == "publish":
                event = Published(text, number)
                publishers[who].cast(
                    Member.do, lambda agent, event=event: news.publish(agent, event.topic, event.message)
                )
                for ref in subscribers:
                    if not wanted[ref].isdisjoint(patterns(text)):
                        expected.setdefault((ref, publishers[who]), []).append(event)
            elif act == "kill subscriber":
                subscribers[who].exit(Kill())
                subscribers[who] = await system.start(Member)
                wanted[subscribers[who]] = set()
            elif act == "kill publisher":
                await system.drain()
                publishers[who].exit(Kill())
                publishers[who] = await system.start(Member)
            else:
                await system.drain()  # what was published before the change has been sent
                change = news.subscribe if act == "subscribe" else news.unsubscribe
                await do(subscribers[who], lambda agent, change=change, text=text: change(agent, text))
                (wanted[subscribers[who]].add if act == "subscribe" else wanted[subscribers[who]].discard)(
                    text
                )
        await system.drain()
        for ref in subscribers:
            got: dict[Any, list[Published]] = {}
            for event, sender in zip(
                await ref.call(Member.seen), await do(ref, lambda agent: agent.senders), strict=True
            ):
                got.setdefault(sender, []).append(event)
            assert got == {sender: events for (to, sender), events in expected.items() if to is ref}
            assert set(news.subscriptions(system, ref)) == wanted[ref]


@given(WORDS, PATTERNS)
def test_a_topic_fits_a_pattern_when_it_is_it_or_goes_on_where_the_star_stands(
    topic: str, pattern: str
) -> None:
    fits = topic == pattern or (pattern.endswith("*") and topic.startswith(pattern.removesuffix("*")))
    assert (pattern in set(patterns(topic))) == fits
    assert len(list(patterns(topic))) == len(set(patterns(topic))) == topic.count(".") + 2
