"""Links between nodes: authenticated, ordered streams of messages, with credit, batches and heartbeats."""

from cybernetic.nodes.link.address import Address, MemoryAddress, TcpAddress, UnixAddress, parse_address
from cybernetic.nodes.link.calling import connect
from cybernetic.nodes.link.link import Link
from cybernetic.nodes.link.listener import Listener
from cybernetic.nodes.link.memory import Network, Pair, network
from cybernetic.nodes.link.secret import Secret
from cybernetic.nodes.link.settings import LinkSettings
from cybernetic.nodes.link.tls import Tls
from cybernetic.nodes.link.towards import own_address

__all__ = (
    "Address",
    "Link",
    "LinkSettings",
    "Listener",
    "MemoryAddress",
    "Network",
    "Pair",
    "Secret",
    "TcpAddress",
    "Tls",
    "UnixAddress",
    "connect",
    "network",
    "own_address",
    "parse_address",
)
