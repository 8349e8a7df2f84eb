"""`cybernetic demo`: a company of agents lives through an hour, with and without being a viable system."""

import argparse
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from cybernetic.apps.config.nearest import hint
from cybernetic.apps.demo.frames import ARMS, SYSTEMS
from cybernetic.apps.demo.real.run import Real, play
from cybernetic.apps.demo.screen.show import Options, Show
from cybernetic.apps.demo.seeds import CHECKED
from cybernetic.apps.demo.sweep import sweep

RIVALS = tuple(arm for arm in ARMS if arm != "viable")
ALSO = {"*": "s3star", "s3*": "s3star", "2": "s2", "3": "s3", "4": "s4", "a": "algedonic"}
"""Other words for systems: as they are written, and as the keys have it."""
CLASHES = {
    "sweep": ("seed", "against", "without", "fast", "plain", "speed", "step", "nodes", "amqp", "seconds"),
    "nodes": ("seed", "against", "without", "fast", "speed", "step"),
    "amqp": ("seed", "against", "without", "fast", "speed", "step"),
    "fast": ("plain", "speed", "step"),
    "plain": ("speed", "step"),
    "step": ("speed",),
}
"""Switches, and those that mean nothing beside them."""
SEED, RIVAL, SPEED, SECONDS = 7, "gateway", 60.0, 15.0  # what they are unless they are told
FASTEST = 3600.0
MOST = 16  # nodes


def add(commands: Any) -> None:
    """Give the command its place among `commands`, what `add_subparsers` returned."""
    one = commands.add_parser(
        "demo", help="two companies of agents in one hour, one of them a viable system", allow_abbrev=False
    )
    one.add_argument("--seed", type=_seed, metavar="N", help="of the hour (default: 7)")
    one.add_argument(
        "--against",
        type=_rival,
        metavar="ARM",
        help=f"{' or '.join(RIVALS)} (default: gateway)",
    )
    one.add_argument(
        "--without",
        type=_systems,
        action="extend",
        default=[],
        metavar="SYSTEM",
        help=f"the viable company goes without it: {', '.join(SYSTEMS)}",
    )
    one.add_argument("--fast", action="store_true", help="only the scoreboard")
    one.add_argument("--plain", action="store_true", help="lines of text instead of a picture")
    one.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="seconds of the hour in one of yours (default: 60)",
    )
    one.add_argument("--step", action="store_true", help="space brings the next ten seconds")
    one.add_argument("--sweep", type=_sweep, metavar="N", help="check what is claimed on so many other hours")
    real = one.add_argument_group(
        "for real", "divisions in processes of their own, in real time; k kills one"
    )
    where = real.add_mutually_exclusive_group()
    where.add_argument("--nodes", type=_count, metavar="N", help="on so many nodes of this machine")
    where.add_argument(
        "--amqp", type=_broker, metavar="URL", help="in programs of their own, met over this broker"
    )
    real.add_argument(
        "--seconds",
        type=_seconds,
        metavar="S",
        help="where there is no terminal, with two kills (default: 15)",
    )
    one.set_defaults(command=partial(run, one))


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Show it; returns the exit status: 0 if all that is claimed holds, 1 if not.

    Switches that do not go together end the program with status 2.
    """
    refusal = _clash({name for name, value in vars(options).items() if _told(value)})
    if refusal:
        parser.error(refusal)
    if options.nodes or options.amqp:
        real = Real(options.nodes or 0, options.amqp, options.seconds or SECONDS, options.plain)
        return play(real, Console())
    if options.sweep:
        return sweep(CHECKED[: options.sweep])
    shown = Options(
        seed=SEED if options.seed is None else options.seed,
        against=options.against or RIVAL,
        fast=options.fast,
        plain=options.plain,
        speed=options.speed or SPEED,
        step=options.step,
        without=tuple(dict.fromkeys(options.without)),
    )
    return Show(shown, Console()).show()


def _told(value: Any) -> bool:
    """Whether a switch was told; that the seed is 0 was."""
    return value is not None and value is not False and value != []


def _clash(told: set[str]) -> str:
    """Which switches of those that were told do not go together, in a sentence; empty where all do."""
    for one, others in CLASHES.items():
        wrong = [f"--{other}" for other in others if one in told and other in told]
        if wrong:
            return f"--{one} does not go with {' or '.join(wrong)}: leave one out"
    if "seconds" in told and not told & {"nodes", "amqp"}:
        return "--seconds goes with --nodes or --amqp: add one of them"
    return ""


def _broker(text: str) -> str:
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("amqp", "amqps") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is none
        right = False
    if not right:
        raise argparse.ArgumentTypeError(
            f"expected amqp[s]://user[:password]@host[:port][/vhost], got: {text!r}"
        )
    return text


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more, such as 7, got: {text!r}")
    return int(text)


def _sweep(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= len(CHECKED)):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {len(CHECKED)}, got: {text!r}")
    return int(text)


def _rival(text: str) -> str:
    if text not in RIVALS:
        raise argparse.ArgumentTypeError(f"expected {' or '.join(RIVALS)}, got: {text!r}{hint(text, RIVALS)}")
    return text


def _systems(text: str) -> list[str]:
    found = [ALSO.get(word.strip().lower(), word.strip().lower()) for word in text.split(",")]
    for name in found:
        if name not in SYSTEMS:
            raise argparse.ArgumentTypeError(
                f"expected some of {', '.join(SYSTEMS)}, got: {name!r}{hint(name, SYSTEMS)}"
            )
    return found


def _speed(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 1.0 <= number <= FASTEST:
        raise argparse.ArgumentTypeError(
            f"expected a number from 1 to {FASTEST:.0f} such as 60, got: {text!r}"
        )
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {MOST}, got: {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 3.0 <= number <= FASTEST:
        raise argparse.ArgumentTypeError(
            f"expected a number from 3 to {FASTEST:.0f} such as 15, got: {text!r}"
        )
    return number
