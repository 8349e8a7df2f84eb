"""Groups and topics over nodes."""

from typing import Any

from cybernetic import Groups, Joined, Kill, Left, NotJoined, Published, Registry, Topics
from tests.nodes.bodies.acts import until
from tests.nodes.bodies.cast import Actor
from tests.nodes.stage import apart, everywhere, stage

teams = Groups("teams of the bodies")
news = Topics("news of the bodies")
book = Registry("book of the bodies")


class Joiner(Actor):
    """Uses the services it is told to."""

    def join(self, group: Any) -> None:
        teams.join(self, group)

    def leave(self, group: Any) -> str:
        try:
            teams.leave(self, group)
        except NotJoined as error:
            return type(error).__name__
        return "left"

    def members(self, group: Any) -> Any:
        return teams.members(self, group)

    def watch_group(self, group: Any) -> Any:
        return teams.monitor(self, group)[1]

    def subscribe(self, topic: str) -> None:
        news.subscribe(self, topic)

    def unsubscribe(self, topic: str) -> None:
        news.unsubscribe(self, topic)

    def publish(self, topic: str, *messages: Any) -> None:
        for message in messages:
            news.publish(self, topic, message)


@everywhere
async def test_joining_counts_and_leaving_undoes_once(where: str) -> None:
    async with stage(where) as s:
        await teams.start(s.system)
        near, far = await s.here(Joiner), await s.spawn(Joiner)
        await s.calm()
        for group in ("g", ("tuple", 1), 7):
            await far.call(Joiner.join, group)
            await far.call(Joiner.join, group)
            await s.calm()
            assert await near.call(Joiner.members, group) == [far, far]
            assert await far.call(Joiner.leave, group) == "left"
            await s.calm()
            assert await near.call(Joiner.members, group) == [far]
            assert await far.call(Joiner.leave, group) == "left"
            assert await far.call(Joiner.leave, group) == "NotJoined"
            await s.calm()
            assert await near.call(Joiner.members, group) == []


@everywhere
async def test_monitors_of_groups_hear_of_both_nodes(where: str) -> None:
    async with stage(where) as s:
        await teams.start(s.system)
        near, far, watcher = await s.here(Joiner), await s.spawn(Joiner), await s.spawn(Joiner)
        await s.calm()
        await near.call(Joiner.join, "g")
        await s.calm()
        assert await watcher.call(Joiner.watch_group, "g") == [near]
        await far.call(Joiner.join, "g")
        near.exit(Kill())
        await s.calm()
        got = [(type(m), m.refs[0].node) for m in await watcher.call(Actor.seen)]
        assert sorted(got, key=str) == sorted([(Joined, far.node), (Left, near.node)], key=str)


@everywhere
async def test_a_publisher_is_heard_in_order_everywhere(where: str) -> None:
    async with stage(where) as s:
        await news.start(s.system)
        near, far = await s.here(Joiner), await s.spawn(Joiner)
        await s.calm()
        await near.call(Joiner.subscribe, "a.*")
        await far.call(Joiner.subscribe, "a.b")
        await far.call(Joiner.subscribe, "*")
        await s.calm()
        for publisher in (near, far):
            await publisher.call(Joiner.publish, "a.b", *range(50))
            await s.calm()
        for subscriber in (near, far):
            got = await subscriber.call(Actor.seen)
            assert all(type(m) is Published for m in got)
            assert [m.message for m in got] == [*range(50), *range(50)]
        await far.call(Joiner.unsubscribe, "*")
        await far.call(Joiner.unsubscribe, "a.b")
        await s.calm()
        await near.call(Joiner.publish, "a.b", "more")
        await s.calm()
        assert len(await far.call(Actor.seen)) == 100


@apart
async def test_what_stands_for_a_service_goes_with_the_service(where: str) -> None:
    async with stage(where) as s:
        host = await teams.start(s.system)
        near, far = await s.here(Joiner, True), await s.spawn(Joiner, True)
        await s.calm()
        await far.call(Joiner.join, "g")
        await s.calm()
        assert await near.call(Joiner.members, "g") == [far]
        await host.stop()
        await s.calm()
        await teams.start(s.system)
        await s.calm()
        assert await near.call(Joiner.members, "g") == []
        await far.call(Joiner.join, "g")
        await s.calm()
        assert await near.call(Joiner.members, "g") == [far]


@apart
async def test_what_is_known_of_other_nodes_does_not_grow_with_their_dead(where: str) -> None:
    async with stage(where) as s:
        await teams.start(s.system)
        assert s.system._cluster is not None
        for _ in range(30):
            far = await s.spawn(Joiner)
            await far.call(Joiner.join, "g")
            await far.stop()

        async def forgotten() -> bool:
            return s.system._cluster.exchange.directory.seats(teams.name) == []

        await until(forgotten)


@apart
async def test_registries_of_two_nodes_do_not_meet(where: str) -> None:
    async with stage(where) as s:
        await book.start(s.system)
        there = await s.spawn(Actor, name=f"{book.name} elsewhere")
        await s.calm()
        assert s.system.whereis(book.name) is not None
        assert await there.call(Actor.kind) == "actor"
