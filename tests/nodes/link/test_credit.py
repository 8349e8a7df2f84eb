"""Credit: nobody exceeds it, and nobody waits for ever."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.link.credit import after_grant, due, may_send

WINDOW = 4096
SIZES = st.lists(st.one_of(st.integers(1, 3 * WINDOW), st.integers(1, 200)), max_size=60)


@given(SIZES, st.data())
def test_all_is_sent_in_the_end_and_the_receiver_never_sees_more_than_it_allows(
    sizes: list[int], data: st.DataObject
) -> None:
    waiting, line, grants = deque(sizes), deque[int](), deque[int]()
    out = held = handled = arrived = 0
    while waiting or line or grants:
        able = [
            name
            for name, can in (
                ("send", waiting and may_send(WINDOW, out, waiting[0])),
                ("receive", line),
                ("granted", grants),
            )
            if can
        ]
        assert able, f"nothing can happen: out {out}, held {held}, next {waiting[0]}"
        step = data.draw(st.sampled_from(able))
        if step == "send":
            size = waiting.popleft()
            out += size
            line.append(size)
        elif step == "receive":
            size = line.popleft()
            assert may_send(WINDOW, held, size)
            held, handled, arrived = held + size, handled + size, arrived + size
            if due(WINDOW, handled):
                grants.append(handled)
                held, handled = held - handled, 0
        else:
            after = after_grant(out, grants.popleft())
            assert after is not None
            out = after
    assert arrived == sum(sizes)
    assert out == held == handled <= WINDOW >> 2


@given(st.integers(0, 2 * WINDOW), st.integers(0, 2 * WINDOW))
def test_a_grant_is_of_something_that_is_out(out: int, granted: int) -> None:
    assert after_grant(out, granted) == (out - granted if 0 < granted <= out else None)


@given(st.integers(0, WINDOW), st.integers(1, WINDOW))
def test_beyond_a_quarter_the_window_is_kept(out: int, size: int) -> None:
    assert may_send(WINDOW, out, size) == (out + size <= WINDOW or out <= WINDOW >> 2)
