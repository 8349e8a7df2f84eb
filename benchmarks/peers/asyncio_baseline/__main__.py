"""Runs one workload by plain asyncio."""

from benchmarks import harness
from benchmarks.peers.asyncio_baseline import calls, lives, messages, nodes, restarts, trees

ROWS: dict[str, tuple[harness.Row, ...]] = {
    "a": (messages.cast, messages.cast_burst),
    "b": (messages.pingpong,),
    "c": (messages.ring,),
    "d": (calls.outside, calls.inside),
    "e": (lives.spawn, lives.start),
    "f": (restarts.fresh, restarts.reason, restarts.reports, restarts.sustained, *restarts.AMONG),
    "g": trees.ROWS,
    "h": (messages.fan_in, messages.fan_out),
    "i": nodes.ROWS,
}

harness.main("asyncio", "", ROWS)
