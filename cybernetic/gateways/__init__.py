"""The outside world: brokers and what meets them."""

from cybernetic.gateways.broker.errors import (
    BrokerError,
    ChannelClosed,
    ConnectionLost,
    Differs,
    LoginRefused,
    NotDeclared,
    NoVhost,
    Unreachable,
)
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Message, Rejected, Returned, Unknown
from cybernetic.gateways.broker.port import Broker, Intake, Outlet, QueueState, Session
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology

__all__ = (
    "Binding",
    "Broker",
    "BrokerError",
    "ChannelClosed",
    "Confirmed",
    "ConnectionLost",
    "Delivery",
    "Differs",
    "Exchange",
    "Intake",
    "LoginRefused",
    "Message",
    "NoVhost",
    "NotDeclared",
    "Outlet",
    "Queue",
    "QueueState",
    "Rejected",
    "Returned",
    "Session",
    "Topology",
    "Unknown",
    "Unreachable",
)
