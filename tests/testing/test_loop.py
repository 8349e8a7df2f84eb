"""The virtual-time loop: it jumps, hits deadlines, waits for real only where it must, never hangs."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import VirtualTimeDeadlock
from cybernetic.runtime import jobs
from cybernetic.testing import VirtualTimeLoop, run
from tests.support import run_virtual


def now() -> float:
    return asyncio.get_running_loop().time()


async def elapsed(waiting: Any) -> float:
    start = now()
    await waiting
    return now() - start


async def test_time_starts_at_zero() -> None:
    assert now() == 0.0


def test_an_hour_takes_milliseconds() -> None:
    async def hour() -> float:
        for _ in range(3600):
            await asyncio.sleep(1)
        return now()

    started = time.process_time()
    assert run(hour()) == 3600.0
    assert time.process_time() - started < 1.0


async def test_a_year_of_sleep() -> None:
    await asyncio.sleep(365 * 86400)
    assert now() == pytest.approx(365 * 86400, abs=1e-6)


async def test_timers_fire_beyond_the_precision_of_the_tolerance() -> None:
    far = 10.0**9
    await asyncio.sleep(far)
    fired = asyncio.Event()
    asyncio.get_running_loop().call_later(0, fired.set)
    await fired.wait()
    assert now() == pytest.approx(far, abs=1e-3)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
async def test_a_timer_fires_exactly_at_its_deadline(deadlines: list[float]) -> None:
    loop = asyncio.get_running_loop()
    fired: list[tuple[float, float]] = []

    def fire(when: float) -> None:
        fired.append((when, loop.time()))

    for when in deadlines:
        loop.call_at(when, fire, when)
    await asyncio.sleep(2e6)
    assert len(fired) == len(deadlines)
    for when, at in fired:
        assert at == when or 0 < when - at < 1e-9  # a neighbour within asyncio's tolerance fires along


async def test_sums_of_tenths_stay_exact() -> None:
    expected = 0.0
    for _ in range(1000):
        await asyncio.sleep(0.1)
        expected += 0.1
        assert now() == expected


async def test_a_cancelled_timer_does_not_stop_the_clock() -> None:
    loop = asyncio.get_running_loop()
    loop.call_at(1.0, print).cancel()
    await asyncio.sleep(2)
    assert now() == 2.0


async def test_cancelled_timers_are_forgotten() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    for _ in range(20_000):
        loop.call_later(1000, print).cancel()
    assert len(loop._deadlines) < 2000
    await asyncio.sleep(5)
    assert now() == 5.0


async def test_deadlines_of_many_tasks_come_in_order() -> None:
    order: list[int] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number)
        order.append(number)

    await asyncio.gather(*(one(number) for number in (5, 3, 9, 1, 7)))
    assert order == [1, 3, 5, 7, 9]
    assert now() == 9.0


async def test_timeouts_count_virtual_time() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.Event().wait()
    assert now() == 30.0


async def test_time_stands_still_while_a_thread_works() -> None:
    release = threading.Event()
    waiting = asyncio.create_task(asyncio.sleep(100))
    asyncio.get_running_loop().call_soon(threading.Timer(0.02, release.set).start)
    assert await elapsed(asyncio.to_thread(release.wait)) == 0.0
    assert not waiting.done()
    await waiting
    assert now() == 100.0


async def test_a_thread_of_ones_own_is_announced_by_outside() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    woken = asyncio.Event()
    loop.call_later(50, print)
    with loop.outside():
        thread = threading.Timer(0.02, loop.call_soon_threadsafe, [woken.set])
        thread.start()
        await woken.wait()
    thread.join()
    assert now() == 0.0


async def test_what_threads_come_to_is_known_in_the_order_in_which_they_were_asked() -> None:
    release, order = threading.Event(), list[str]()

    def last() -> None:
        release.wait()
        sum(range(1_000_000))  # the others have ended by then

    asked = [asyncio.create_task(asyncio.to_thread(job)) for job in (last, int, release.set)]
    for name, job in zip("abc", asked, strict=True):
        job.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
    await asyncio.gather(*asked)
    assert order == ["a", "b", "c"]


async def test_what_a_thread_comes_to_is_known_when_nothing_else_is_ready() -> None:
    ended = threading.Event()
    job = asyncio.get_running_loop().run_in_executor(None, ended.set)
    ended.wait()
    for _ in range(100):
        await asyncio.sleep(0)
        assert not job.done()
    await job


async def test_a_thread_that_waits_for_what_comes_after_another_holds_it_up_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0.02)
    release = threading.Event()
    waiting = asyncio.get_running_loop().run_in_executor(None, release.wait)
    await asyncio.to_thread(int)
    release.set()
    assert await waiting
    assert now() == 0.0


async def test_who_asks_each_pass_whether_a_thread_has_ended_learns_it() -> None:
    job = asyncio.get_running_loop().run_in_executor(None, int)
    while not job.done():
        await asyncio.sleep(0)
    assert job.result() == 0


async def test_a_job_that_nobody_wants_any_more_holds_up_neither_time_nor_others() -> None:
    release, begun, loop = threading.Event(), threading.Event(), asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:
        unwanted = [loop.run_in_executor(thread, job) for job in (release.wait, begun.set)]
        for job in unwanted:
            job.cancel()
        await asyncio.sleep(100)
        release.set()
        assert await asyncio.to_thread(int) == 0
    assert now() == 100.0
    assert not begun.is_set()


async def test_a_job_that_fails_lets_time_go_on() -> None:
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 / 0)
    assert await elapsed(asyncio.sleep(3)) == 3.0


async def test_sockets_are_served() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()
    assert now() == 0.0


async def test_without_timers_a_socket_is_waited_for() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        thread = threading.Timer(0.02, far.send, [b"x"])
        thread.start()
        assert await asyncio.get_running_loop().sock_recv(near, 1) == b"x"
        thread.join()
    assert now() == 0.0


async def test_without_timers_a_signal_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    received = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, received.set)
    thread = threading.Timer(0.02, os.kill, [os.getpid(), signal.SIGUSR1])
    thread.start()
    await received.wait()
    thread.join()
    assert loop.remove_signal_handler(signal.SIGUSR1)
    assert now() == 0.0


@pytest.mark.parametrize("timer", [None, float("inf")])
def test_a_deadlock_is_raised_and_names_who_waits(timer: float | None) -> None:
    async def stuck() -> None:
        if timer is not None:
            asyncio.get_running_loop().call_later(timer, print)
        await asyncio.create_task(asyncio.Event().wait(), name="waits-for-ever")

    with pytest.raises(VirtualTimeDeadlock, match=r"waits-for-ever: Event\.wait at .*locks\.py:\d+"):
        run(stuck())


def test_a_deadlock_of_many_names_some() -> None:
    async def stuck() -> None:
        await asyncio.gather(*(asyncio.Event().wait() for _ in range(30)))

    with pytest.raises(VirtualTimeDeadlock, match=r"and 21 more\n"):
        run(stuck())


def test_a_handled_signal_taken_back_is_no_hope() -> None:
    async def stuck() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.remove_signal_handler(signal.SIGUSR1)
        await loop.create_future()

    with pytest.raises(VirtualTimeDeadlock):
        run(stuck())


def test_run_returns_the_result_and_keeps_the_seed() -> None:
    async def seed() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        return loop.seed

    assert run(seed()) == 0
    assert run(seed(), seed=7) == 7


def test_what_run_raises_names_the_seed() -> None:
    async def fails() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError) as caught:
        run(fails(), seed=7)
    assert caught.value.__notes__ == ["on virtual time, with seed 7"]


def test_debug_mode() -> None:
    async def debug() -> bool:
        await asyncio.to_thread(int)
        await asyncio.sleep(1)
        return asyncio.get_running_loop().get_debug()

    assert run(debug(), debug=True)


def test_same_program_same_trace() -> None:
    def trace() -> list[tuple[float, int]]:
        events: list[tuple[float, int]] = []

        async def worker(number: int) -> None:
            for step in range(20):
                await asyncio.sleep(((number * 7 + step) % 5) / 10)
                events.append((now(), number))

        async def main() -> None:
            await asyncio.gather(*map(worker, range(10)))

        run(main())
        return events

    first = trace()
    assert all(trace() == first for _ in range(10))


# The tests' own harness, which stands on the loop.


async def leaves_a_task() -> None:
    leaves_a_task.kept = asyncio.create_task(asyncio.sleep(1000))  # type: ignore[attr-defined]


async def leaves_an_error() -> None:
    async def fail() -> None:
        raise LookupError("nobody asks")

    task = asyncio.create_task(fail())
    while not task.done():
        await asyncio.sleep(0)


async def breaks_a_callback() -> None:
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        (leaves_a_task, "left over"),
        (leaves_an_error, "never retrieved"),
        (breaks_a_callback, "ZeroDivisionError"),
    ],
)
def test_the_harness_fails_what_leaves_something(test: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        run_virtual(test())


def test_the_harness_forgives_a_task_just_cancelled() -> None:
    async def cancels() -> None:
        asyncio.create_task(asyncio.sleep(1000)).cancel()

    run_virtual(cancels())


@pytest.fixture
def seven() -> int:
    return 7


async def test_fixtures_come_by_name(seven: int, tmp_path: object) -> None:
    assert seven == 7
    assert tmp_path
