"""A connection to RabbitMQ as a `Session`: aiormq opens channels and asks; outlets and intakes have the wire."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import aiormq
import aiormq.abc

from cybernetic.core import whole
from cybernetic.gateways.broker.amqp.declared import (
    binding_arguments,
    exchange_arguments,
    queue_arguments,
    refusal,
)
from cybernetic.gateways.broker.amqp.frames import (
    BLOCKED,
    CONNECTION_CLOSE,
    METHOD,
    UNBLOCKED,
    method_id,
    read_said,
)
from cybernetic.gateways.broker.amqp.intake import AmqpIntake
from cybernetic.gateways.broker.amqp.line import Line
from cybernetic.gateways.broker.amqp.outlet import AmqpOutlet
from cybernetic.gateways.broker.amqp.tables import read_short
from cybernetic.gateways.broker.amqp.wire import Wire
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost, NotDeclared
from cybernetic.gateways.broker.messages import Delivery
from cybernetic.gateways.broker.port import Intake, Outlet, QueueState, Settled
from cybernetic.gateways.broker.topology import Topology

T = TypeVar("T")
Channel = aiormq.abc.AbstractChannel

PARTING = 3.0  # seconds that the end of a channel or connection may take before it is cut
