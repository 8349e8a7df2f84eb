"""Rates and latencies of all clients on one RabbitMQ, in one run.

`python -m benchmarks.gateways [--url URL] [--rounds N] [--scale S] [--window W] [--rate R] [--seconds S]`; what is
measured is said in `broker` and `latency`. Each round has every client, on a quorum queue and on a classic one. With
`--scale 0.25` it takes some five minutes.
"""

import argparse
import logging

from benchmarks.gateways.broker import Rates, broker
from benchmarks.gateways.latency import Latencies


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateways")
    parser.add_argument("--url", help="a broker that runs (default: one of its own)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies messages and seconds")
    parser.add_argument("--window", type=int, default=256, help="messages that may be unconfirmed")
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second, for latencies")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run, for latencies")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with broker(args.url) as url:
        rates, latencies = (
            Rates(url, args.scale, args.window),
            Latencies(url, args.rate, args.seconds * args.scale),
        )
        for turn in range(args.rounds):
            rates.round(turn)
            latencies.round(turn)
        rates.report()
        latencies.report()


if __name__ == "__main__":
    main()
