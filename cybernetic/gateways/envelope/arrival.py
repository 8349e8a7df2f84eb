"""By which exchange and routing key a message came, also where it came back from one of our delay queues."""

from collections.abc import Mapping, Sequence

from cybernetic.gateways.broker.messages import Message

NOWHERE: tuple[str, tuple[str, ...]] = ("", ())


def came_by(message: Message, delays: Mapping[str, str]) -> tuple[str, Sequence[object]]:
    """Exchange and possible routing keys that `message` was published with, as far as the broker says.

    What died first in one of `delays` (queue to the exchange it is filled through) came by that exchange, with the
    routing keys that the broker noted in `x-death`. Headers can be written by anyone who may publish, so what they
    say counts only where it agrees with `delays`; where it does not, the message came by nothing it can be signed for.
    Anything else came as it was delivered.
    """
    headers = message.headers
    queue = headers.get("x-first-death-queue")
    if not isinstance(queue, str) or queue not in delays:
        return message.exchange, (message.routing_key,)
    exchange = delays[queue]
    if headers.get("x-first-death-exchange") != exchange:
        return NOWHERE
    return exchange, _routing_keys(headers.get("x-death"), queue)


def _routing_keys(deaths: object, queue: str) -> Sequence[object]:
    for death in deaths if isinstance(deaths, list) else ():
        if isinstance(death, Mapping) and death.get("queue") == queue:
            keys = death.get("routing-keys")
            return keys if isinstance(keys, list) else ()
    return ()
