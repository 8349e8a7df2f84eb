"""Topics: exact and prefix subscriptions, the order of each publisher, the dead are removed, nobody waits."""

from typing import Any

import pytest

from cybernetic import Agent, Down, Kill, MailboxFull, OptionError, System, child
from cybernetic.core import attach
from cybernetic.naming import Published, Topics
from cybernetic.runtime import DeadLetter
from tests.naming.agents import Member, Trapper, Tree, do, kill, members

news = Topics("news")


def subscribing(*patterns: str) -> Any:
    def act(agent: Agent) -> None:
        for pattern in patterns:
            news.subscribe(agent, pattern)

    return act


async def heard(ref: Any) -> list[tuple[str, Any]]:
    return [(each.topic, each.message) for each in await ref.call(Member.seen)]


async def test_an_exact_subscription_has_its_topic_only() -> None:
    async with System() as system:
        await news.start(system)
        one = await system.start(Member, subscribing("prices.eur"))
        for topic in ("prices.eur", "prices", "prices.eur.spot", "prices.eu", "Prices.eur", "prices.usd"):
            news.publish(system, topic, topic)
        assert await one.call(Member.seen) == [Published("prices.eur", "prices.eur")]


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        (
            "prices.*",
            ["prices.eur", "prices.eur.spot"],
            ["prices", "pricesx.eur", "price.eur", "x.prices.eur"],
        ),
        ("prices.eur.*", ["prices.eur.spot", "prices.eur.a.b"], ["prices.eur", "prices.usd", "prices"]),
        ("*", ["prices", "prices.eur", "a.b.c.d"], []),
    ],
)
async def test_a_prefix_subscription_has_what_begins_alike(
    pattern: str, fitting: list[str], others: list[str]
) -> None:
    async with System() as system:
        await news.start(system)
        one = await system.start(Member, subscribing(pattern))
        for topic in (*others, *fitting, *others):
            news.publish(system, topic, 1)
        assert await heard(one) == [(topic, 1) for topic in fitting]
        for topic in fitting:
            assert news.subscribers(system, topic) == [one]
        for topic in others:
            assert news.subscribers(system, topic) == []


async def test_a_message_comes_once_however_many_subscriptions_it_fits() -> None:
    async with System() as system:
        await news.start(system)
        one = await system.start(Member, subscribing("a.b", "a.b", "a.*", "*"))
        news.publish(system, "a.b", 1)
        assert await heard(one) == [("a.b", 1)]
        assert news.subscriptions(system, one) == ["a.b", "a.*", "*"]
        await do(one, lambda agent: news.unsubscribe(agent, "a.b"))
        assert await do(one, lambda agent: news.subscriptions(agent)) == ["a.*", "*"]


async def test_unsubscribe_ends_one_subscription_of_one_agent() -> None:
    async with System() as system:
        await news.start(system)
        one, other = [await system.start(Member, subscribing("a", "b")) for _ in range(2)]
        await do(one, lambda agent: news.unsubscribe(agent, "a"))
        await do(one, lambda agent: news.unsubscribe(agent, "never subscribed"))
        for topic in ("a", "b"):
            news.publish(system, topic, 1)
        assert await heard(one) == [("b", 1)]
        assert await heard(other) == [("a", 1), ("b", 1)]


async def test_subscribers_see_who_published_and_a_publisher_hears_itself() -> None:
    async with System() as system:
        await news.start(system)
        one, other = [await system.start(Member, subscribing("a")) for _ in range(2)]
        await do(one, lambda agent: news.publish(agent, "a", "from one"))
        news.publish(system, "a", "from outside")
        for ref in (one, other):
            assert await heard(ref) == [("a", "from one"), ("a", "from outside")]
            assert await do(ref, lambda agent: agent.senders) == [one, None]


async def test_what_a_publisher_said_before_its_death_is_heard_before_its_down() -> None:
    async with System() as system:
        await news.start(system)
        (publisher,) = await members(system, 1)
        one = await system.start(Member, subscribing("*"))
        await do(one, lambda agent: agent.monitor(publisher))

        def publish_and_stop(agent: Agent) -> None:
            for number in range(3):
                news.publish(agent, "a", number)
            agent.exit(agent.ref, Kill())

        publisher.cast(Member.do, publish_and_stop)
        await system.drain()
        *published, down = await one.call(Member.seen)
        assert [each.message for each in published] == [0, 1, 2]
        assert isinstance(down, Down)


async def test_the_dead_are_no_subscribers() -> None:
    async with System() as system:
        await news.start(system)
        one, other = [await system.start(Member, subscribing("a", "a.*", "*")) for _ in range(2)]
        await kill(system, one)
        assert news.subscribers(system, "a") == [other]
        before = system.statistics()["dead_letters"]
        news.publish(system, "a.b", 1)
        assert system.statistics()["dead_letters"] == before
        assert news.subscriptions(system, one) == []


async def test_publishing_does_not_wait_and_a_full_mailbox_drops_what_does_not_fit(caplog: Any) -> None:
    class Small(Member):
        mailbox_limit = 2
        overflow = "drop_oldest"

    async with System() as system:
        await news.start(system)
        small = await system.start(Small, subscribing("a"))
        other = await system.start(Member, subscribing("a"))
        for number in range(10):
            news.publish(system, "a", number)
        assert small.inspect().info().length == 2
        await system.drain()
        assert await heard(small) == [("a", 8), ("a", 9)]
        assert await heard(other) == [("a", number) for number in range(10)]
        assert small.inspect().info().dropped == 8
        with pytest.raises(MailboxFull):
            await _flooded(system, small)
    assert "the mailbox of" in caplog.text


async def _flooded(system: System, ref: Any) -> None:
    call = ref.request(Member.seen)
    for number in range(10):
        news.publish(system, "a", number)
    await call


async def test_publishing_while_nobody_keeps_the_topics_is_a_dead_letter() -> None:
    letters: list[DeadLetter] = []
    detach = attach(DeadLetter, letters.append)
    async with System() as system:
        news.publish(system, "a", 1)
        assert system.statistics()["dead_letters"] == 1
    detach()
    assert [letter.message for letter in letters] == [Published("a", 1)]


async def test_when_the_agent_behind_it_dies_subscribers_come_back_subscribed() -> None:
    async with System() as system:
        await system.start(Tree, news.child(), child(Member, subscribing("a.*"), id="m"))
        (first,), host = news.subscribers(system, "a.b"), system.whereis("news")
        assert host is not None
        await kill(system, host)
        await system.drain()
        (again,) = news.subscribers(system, "a.b")
        assert again is not first
        news.publish(system, "a.b", 1)
        assert await heard(again) == [("a.b", 1)]


async def test_a_subscriber_that_traps_exits_is_told_and_subscribes_again() -> None:
    async with System() as system:
        host = await news.start(system)
        trapper = await system.start(Trapper, subscribing("a"))
        await kill(system, host)
        (told,) = await trapper.call(Member.seen)
        assert told.ref is host
        await news.start(system)
        await do(trapper, subscribing("a"))
        assert news.subscribers(system, "a") == [trapper]


@pytest.mark.parametrize("topic", ["", ".", "a.", ".a", "a..b", "*", "a.*", "a*", 1, None, b"a"])
async def test_publishing_under_what_is_no_topic_is_refused(topic: Any) -> None:
    async with System() as system:
        await news.start(system)
        with pytest.raises(OptionError, match="topic: expected words with dots between them"):
            news.publish(system, topic, 1)
        with pytest.raises(OptionError):
            news.subscribers(system, topic)


@pytest.mark.parametrize(
    "pattern", ["", ".", "a.", ".*", "a..*", "a*", "*.a", "a.*.b", "**", "a.**", "*.*", 1, None]
)
async def test_subscribing_to_what_is_no_pattern_is_refused(pattern: Any) -> None:
    async with System() as system:
        await news.start(system)
        (one,) = await members(system, 1)
        for act in (news.subscribe, news.unsubscribe):
            refused = await one.call(Member.error, lambda agent, act=act: act(agent, pattern))
            assert isinstance(refused, OptionError)
            assert str(refused).startswith("pattern: expected a topic such as")
