"""The outside world: brokers, what is published to them and consumed from them, and what a signed message is."""

from cybernetic.gateways.bridge.bridge import Bridge
from cybernetic.gateways.bridge.outpost import NobodyHome, Outpost
from cybernetic.gateways.bridge.parcels import Sender
from cybernetic.gateways.bridge.post import (
    Post,
    audit_outlet_of,
    coordination_outlet_of,
    outlet_of,
    pain_outlet_of,
)
from cybernetic.gateways.bridge.relays import ToAgent, TopicOut, ToTopic
from cybernetic.gateways.broker.amqp.address import Tls as AmqpTls
from cybernetic.gateways.broker.amqp.broker import AmqpBroker
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
from cybernetic.gateways.broker.events import MessageDropped
from cybernetic.gateways.broker.memory.broker import MemoryBroker
from cybernetic.gateways.broker.messages import Confirmed, Delivery, Message, Rejected, Returned, Unknown
from cybernetic.gateways.broker.port import Broker, QueueState, Session
from cybernetic.gateways.broker.port import Intake as IntakePort
from cybernetic.gateways.broker.port import Outlet as OutletPort
from cybernetic.gateways.broker.topology import Binding, Exchange, Queue, Topology
from cybernetic.gateways.connection import Connection
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.guard import Guard
from cybernetic.gateways.consumer.held import Held
from cybernetic.gateways.consumer.intake import Intake
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.retrying import Retries, delay_queue, parking_queue
from cybernetic.gateways.consumer.spec import Causal, Consume, consume
from cybernetic.gateways.consumer.verdicts import Ack, Hold, Park, Retry
from cybernetic.gateways.envelope import (
    Accepted,
    Author,
    CausalBuffer,
    Dot,
    Envelope,
    Fault,
    Key,
    Keyring,
    Rules,
    Unfit,
    keyring_from_environment,
    keyring_of,
    read_keyring,
)
from cybernetic.gateways.errors import (
    NoRoute,
    NotConnected,
    NotKept,
    NotRenewed,
    NotSent,
    NotWritten,
    PublishRejected,
    TooMany,
    Unconfirmed,
)
from cybernetic.gateways.events import Connected, ConnectionFailed, InboxFilling, Parked, QueuesLost, Retried
from cybernetic.gateways.gateway import Gateway
from cybernetic.gateways.letter import Letter, Signer
from cybernetic.gateways.parking import ParkedMessage, discard, parked, requeue
from cybernetic.gateways.publisher.publisher import Publisher
from cybernetic.gateways.publisher.receipt import Receipt
from cybernetic.gateways.reasons import Disconnected
from cybernetic.gateways.remember import Remember
from cybernetic.gateways.replication.peers import BrokerPeers

__all__ = (
    "Accepted",
    "Ack",
    "AmqpBroker",
    "AmqpTls",
    "Author",
    "Binding",
    "Bridge",
    "Broker",
    "BrokerError",
    "BrokerPeers",
    "Causal",
    "CausalBuffer",
    "ChannelClosed",
    "Confirmed",
    "Connected",
    "Connection",
    "ConnectionFailed",
    "ConnectionLost",
    "Consume",
    "Consumer",
    "Delivery",
    "Differs",
    "Disconnected",
    "Dot",
    "Effect",
    "Envelope",
    "Exchange",
    "Fault",
    "Gateway",
    "Guard",
    "Held",
    "Hold",
    "InboxFilling",
    "Intake",
    "IntakePort",
    "Key",
    "Keyring",
    "Letter",
    "LoginRefused",
    "MemoryBroker",
    "Message",
    "MessageDropped",
    "NoRoute",
    "NoVhost",
    "NobodyHome",
    "NotConnected",
    "NotDeclared",
    "NotKept",
    "NotRenewed",
    "NotSent",
    "NotWritten",
    "OutletPort",
    "Outpost",
    "Park",
    "Parked",
    "ParkedMessage",
    "Post",
    "PublishRejected",
    "Publisher",
    "Queue",
    "QueueState",
    "QueuesLost",
    "Receipt",
    "Received",
    "Rejected",
    "Remember",
    "Retried",
    "Retries",
    "Retry",
    "Returned",
    "Rules",
    "Sender",
    "Session",
    "Signer",
    "ToAgent",
    "ToTopic",
    "TooMany",
    "TopicOut",
    "Topology",
    "Unconfirmed",
    "Unfit",
    "Unknown",
    "Unreachable",
    "audit_outlet_of",
    "consume",
    "coordination_outlet_of",
    "delay_queue",
    "discard",
    "keyring_from_environment",
    "keyring_of",
    "outlet_of",
    "pain_outlet_of",
    "parked",
    "parking_queue",
    "read_keyring",
    "requeue",
)
