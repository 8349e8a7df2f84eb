"""Links in memory, on virtual time."""

import asyncio

import pytest

from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link import LinkSettings, Listener, Secret, connect, network
from cybernetic.nodes.link.kinds import BATCH, CREDIT, GOODBYE, batch_frame
from cybernetic.wire import FrameTooLarge, pack_frame
from tests.nodes.link.stage import SECRET, linked, passes, unstarted

SMALL = LinkSettings(window=4096, batch=512, high_bytes=4096, high_messages=100)


async def test_messages_arrive_in_order_in_batches_both_ways() -> None:
    caller, host, _ = await linked()
    for number in range(1000):
        caller.link.send(b"%d" % number)
        host.link.send(b"-%d" % number)
    await passes()
    assert host.messages == [b"%d" % number for number in range(1000)]
    assert caller.messages == [b"-%d" % number for number in range(1000)]
    assert len(host.batches) < 5
    assert (caller.link.hello, host.link.hello) == (b"host", b"caller")
    caller.link.close("enough")
    await asyncio.sleep(1)
    assert caller.lost == ["enough"]
    assert host.lost == ["the peer closed the link: enough"]


async def test_the_first_message_of_a_pass_does_not_wait_for_its_end() -> None:
    caller, host, _ = await linked()
    await passes()
    caller.link.send(b"now")
    assert caller.link.queued == 0
    await passes()
    assert host.messages == [b"now"]
    caller.link.abort("done")
    await asyncio.sleep(1)


async def test_a_sender_that_outruns_its_credit_is_full_then_drained_and_nothing_is_lost() -> None:
    caller, host, _ = await unstarted(ours=SMALL, theirs=SMALL)
    caller.start()
    for number in range(300):
        caller.link.send(b"%100d" % number)
    await asyncio.sleep(0.5)  # the host has not started: nothing is granted
    assert caller.link.full
    assert caller.link.queued >= 300 * 100 - 4096 - 1024
    assert caller.drained == 0
    host.start()
    await asyncio.sleep(0.5)
    assert host.messages == [b"%100d" % number for number in range(300)]
    assert not caller.link.full
    assert caller.drained == 1
    assert caller.link.queued == 0
    host.link.abort("done")
    await asyncio.sleep(1)


async def test_a_message_larger_than_the_window_passes_and_one_beyond_the_largest_is_the_senders_fault() -> (
    None
):
    caller, host, _ = await linked(ours=SMALL, theirs=SMALL)
    caller.link.send(b"x" * 100_000)
    caller.link.send(b"after")
    await asyncio.sleep(0.5)
    assert [len(message) for message in host.messages] == [100_000, 5]
    with pytest.raises(FrameTooLarge, match="at most"):
        caller.link.send(bytes(18 << 20))
    caller.link.send(b"still there")
    await asyncio.sleep(0.5)
    assert host.messages[-1] == b"still there"
    caller.link.abort("done")
    await asyncio.sleep(1)


async def test_what_was_received_before_the_start_or_the_end_comes_before_the_loss() -> None:
    caller, host, _ = await unstarted()
    caller.start()
    caller.link.send(b"one")
    caller.link.send(b"two")
    caller.link.close("enough")
    await asyncio.sleep(0.5)
    told: list[object] = []
    host.link.start(told.extend, told.append)
    await asyncio.sleep(0.5)
    assert told == [b"one", b"two", "the peer closed the link: enough"]


async def test_a_line_that_is_cut_is_lost_once_at_both_ends_and_later_messages_are_dropped() -> None:
    caller, host, pair = await linked()
    await passes()
    pair.cut()
    await asyncio.sleep(0.1)
    for end in (caller, host):
        assert len(end.lost) == 1
        assert "the peer has gone" in end.lost[0]
    caller.link.send(b"too late")
    caller.link.close("again")
    caller.link.abort("and again")
    await asyncio.sleep(20)
    assert len(caller.lost) == 1
    assert caller.link.queued == 0


async def test_a_silent_peer_lags_at_one_second_and_is_lost_at_ten() -> None:
    caller, host, pair = await linked()
    await asyncio.sleep(60)  # beats alone keep it
    assert not caller.lost
    assert not caller.lags
    pair.partition = True
    await asyncio.sleep(1.5)
    assert len(caller.lags) == len(host.lags) == 1
    assert 1.0 <= caller.lags[0] <= 1.3
    pair.partition = False
    await asyncio.sleep(0.5)
    assert caller.lags[1:] == [0.0]
    pair.partition = True
    await asyncio.sleep(9)
    assert not caller.lost
    await asyncio.sleep(2)
    assert caller.lost == host.lost == ["silent for 10 s"]


async def test_close_gives_up_after_its_linger_when_the_peer_takes_nothing() -> None:
    caller, host, _ = await unstarted(ours=SMALL, theirs=SMALL)
    caller.start()
    for _ in range(100):
        caller.link.send(bytes(100))
    await passes()
    caller.link.close("enough")
    await asyncio.sleep(2.5)
    assert caller.lost == ["enough"]
    host.start()
    await asyncio.sleep(1)
    assert 0 < len(host.messages) < 100
    assert len(host.lost) == 1


async def test_a_receiver_that_raises_ends_the_link_with_the_reason_at_both_ends() -> None:
    caller, host, _ = await unstarted()
    caller.start()

    def refuse(messages: list[bytes]) -> None:
        raise ValueError("not this")

    host.link.start(refuse, host.lost.append)
    caller.link.send(b"this")
    await asyncio.sleep(0.5)
    assert "ValueError: not this" in host.lost[0]
    assert "ValueError: not this" in caller.lost[0]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (pack_frame(77, b""), "kind"),
        (b"\xcb\x09\x00\x04\x00\x00\x00\x00", "version"),
        (b"\xcb\x01\x00\x04\xff\xff\xff\xff", "at most"),
        (b"nonsense", "frame of this protocol"),
        (pack_frame(BATCH, b""), "batch"),
        (pack_frame(BATCH, b"\xc1\x01abc"), "batch"),
        (pack_frame(BATCH, b"\x92\x01\x02"), "batch"),
        (pack_frame(BATCH, b"\x90"), "batch"),
        (pack_frame(CREDIT, b"\x00\x00\x00\x01"), "credit"),
        (pack_frame(CREDIT, b"\x00"), "granted"),
        (pack_frame(1, b"hello"), "running link"),
    ],
)
async def test_what_is_no_good_frame_ends_that_link_with_a_reason_after_the_good_ones(
    bad: bytes, why: str
) -> None:
    caller, host, pair = await linked()
    other, other_host, _ = await linked("other")
    await passes()
    pair.ends[0].write(batch_frame([b"good"])[0] + bad)
    await asyncio.sleep(0.5)
    assert host.messages == [b"good"]
    assert why in host.lost[0]
    assert caller.lost == [f"the peer closed the link: {host.lost[0]}"]
    other.link.send(b"lives")
    await passes()
    assert other_host.messages == [b"lives"]
    other.link.abort("done")
    await asyncio.sleep(1)


async def test_a_peer_that_ignores_credit_is_sent_away() -> None:
    caller, host, pair = await linked(theirs=SMALL)
    await passes()
    flood = batch_frame([bytes(3000)])[0]
    pair.ends[0].write(flood * 5)
    await asyncio.sleep(0.5)
    assert "wait for credit" in host.lost[0]
    assert len(caller.lost) == 1


async def test_goodbye_with_any_bytes_is_one_printable_line() -> None:
    _, host, pair = await linked()
    await passes()
    pair.ends[0].write(pack_frame(GOODBYE, b"\xff\n\x1b[31m" + b"x" * 70_000))
    await asyncio.sleep(0.5)
    assert host.lost[0].isprintable()
    assert len(host.lost[0]) < 1100


async def test_a_judge_refuses_with_a_sentence_that_the_caller_gets() -> None:
    told: list[str] = []
    async with await Listener.open(
        "memory:a",
        lambda: b"",
        SECRET,
        lambda hello: f"no {hello.decode()} here",
        told.append,
        refused=told.append,
    ):
        with pytest.raises(LinkRefused, match="memory:a: no caller here"):
            await connect("memory:a", b"caller", SECRET)
    assert told == ["no caller here"]


async def test_a_wrong_secret_is_refused_at_both_ends() -> None:
    told: list[str] = []
    async with await Listener.open(
        "memory:a", lambda: b"", SECRET, lambda hello: None, told.append, refused=told.append
    ):
        with pytest.raises(LinkRefused, match="secret"):
            await connect("memory:a", b"", Secret.fresh())
    assert len(told) == 1
    assert "secret" in told[0]


async def test_a_peer_that_says_nothing_is_let_go_after_five_seconds_and_the_65th_at_once() -> None:
    told: list[str] = []
    async with await Listener.open(
        "memory:a", lambda: b"", SECRET, lambda hello: None, told.append, refused=told.append
    ):
        for _ in range(64):
            network().call("a", asyncio.Protocol())
        await passes()
        with pytest.raises(LinkRefused, match="too many"):
            await connect("memory:a", b"", SECRET)
        await asyncio.sleep(4.5)
        assert len(told) == 1
        await asyncio.sleep(1)
        assert len(told) == 65
        assert "within 5 s" in told[-1]


async def test_a_host_that_says_nothing_is_given_up_after_five_seconds() -> None:
    end = network().listen("mute", asyncio.Protocol)
    with pytest.raises(LinkRefused, match="5 s"):
        await connect("memory:mute", b"", SECRET)
    assert 5.0 <= asyncio.get_running_loop().time() < 5.5
    end()
    with pytest.raises(LinkRefused, match="nobody listens"):
        await connect("memory:mute", b"", SECRET)
    await asyncio.sleep(2)


async def test_a_name_is_listened_to_once() -> None:
    async with await Listener.open("memory:a", lambda: b"", SECRET, lambda hello: None, print):
        with pytest.raises(LinkRefused, match="already"):
            await Listener.open("memory:a", lambda: b"", SECRET, lambda hello: None, print)


async def test_a_slow_line_keeps_the_order() -> None:
    network().delay = 0.1
    caller, host, _ = await linked()
    for number in range(50):
        caller.link.send(b"%d" % number)
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    assert host.messages == [b"%d" % number for number in range(50)]
    caller.link.abort("done")
    await asyncio.sleep(1)
