"""Benchmarks: this library beside hand-written asyncio and, where `erl` is present, BEAM, in one run.

`python -m benchmarks --help` (or `make bench ARGS=...`) says what can be chosen. A ratio within one run
counts; an absolute time says more about the machine and the hour than about a library.
"""
