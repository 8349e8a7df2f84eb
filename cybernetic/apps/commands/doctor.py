"""`cybernetic doctor`: whether this machine has what programs of this library need."""

import argparse
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cybernetic.apps.config.load import ConfigError, load
from cybernetic.apps.doctor import machine, trial, ways
from cybernetic.apps.doctor.finding import Finding, status


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "doctor",
        help="find out whether this machine has what is needed",
        description="One line for each thing looked at: ok, warn or fail, with the remedy. Exit status 1 on any fail.",
    )
    one.add_argument("--quick", action="store_true", help="without making a node")
    one.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Look, and say it line by line; returns the exit status."""
    findings = []
    for finding in look(options.quick):
        print(finding.line(), flush=True)
        findings.append(finding)
    return status(findings)


def look(quick: bool) -> Iterator[Finding]:
    """Everything that is looked at, in order; `quick`: without what takes a second."""
    yield machine.python()
    yield from machine.packages()
    yield trial.directory()
    yield trial.leftovers()
    yield machine.loopback()
    yield machine.unix_sockets()
    yield from machine.processes()
    yield machine.groups()
    yield from machine.commands()
    yield machine.loop_lag()
    with suppress(ConfigError):  # `config check` says what is wrong with it
        yield ways.audits(load().config.amqp)
    if not quick:
        yield trial.node()
