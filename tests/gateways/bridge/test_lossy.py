"""A bridge of words that may be lost: what is declared for it, and how they are sent."""

from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import Bridge, MemoryBroker, Post, audit_outlet_of, coordination_outlet_of


def test_what_may_be_lost_waits_in_a_classic_queue_and_gives_way() -> None:
    bridge = Bridge("shop", {"shop/till": "till"}, ttl=5.0)
    (inbox,) = [queue for queue in bridge.topology.queues if queue.name == "level.shop"]
    assert (inbox.kind, inbox.lossy, inbox.overflow, inbox.ttl) == ("classic", True, "drop-head", 5.0)
    assert inbox.single_active
    lasting = Bridge("shop", {"shop/till": "till"}).inbox
    assert (lasting.kind, lasting.lossy, lasting.ttl) == ("quorum", False, None)


@pytest.mark.parametrize("ttl", [0, -1.0, float("nan")])
def test_a_time_that_is_none_is_refused(ttl: Any) -> None:
    with pytest.raises(OptionError, match="ttl"):
        Bridge("shop", {}, ttl=ttl)


def test_each_way_of_a_post_has_names_of_its_own_and_audits_an_exchange() -> None:
    post = Post(MemoryBroker(), MemoryBroker(), "data", "shop", {"shop/till": "taker"})
    specs = post.children()
    names = [one.name for one in specs if one.name]
    assert {audit_outlet_of("shop/till"), coordination_outlet_of("shop/till")} <= set(names)
    assert len(set(names)) == len(names) == 4
    exchanges = [bridge.exchange for bridge in post._bridges]
    assert exchanges == ["cybernetic.levels", "cybernetic.levels", "cybernetic.audits", "cybernetic.levels"]
    assert [bridge.ttl for bridge in post._bridges] == [None, None, None, 10.0]
