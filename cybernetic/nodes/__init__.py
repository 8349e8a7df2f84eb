"""Many processes as one system: nodes, the links between them, and agents that do not care where others run."""

from cybernetic.nodes.busiest import ORDERS, Busiest
from cybernetic.nodes.errors import HostFailed, LinkBroken, LinkRefused, LinkUnreachable
from cybernetic.nodes.events import NameLost, NodeJoined, NodeLagging, NodeLost, NodeStopped
from cybernetic.nodes.host.port import Host, HostEnded, NodeContext, NodeEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.rundir import RunDirectory, runs
from cybernetic.nodes.host.rundir import make as make_run
from cybernetic.nodes.host.rundir import sweep as sweep_runs
from cybernetic.nodes.link import Secret, Tls, parse_address
from cybernetic.nodes.node import Node
from cybernetic.nodes.plan.capabilities import parse as parse_capabilities
from cybernetic.nodes.system import System

__all__ = (
    "Busiest",
    "Host",
    "HostEnded",
    "HostFailed",
    "LinkBroken",
    "LinkRefused",
    "LinkUnreachable",
    "NameLost",
    "Node",
    "NodeContext",
    "NodeEnded",
    "NodeJoined",
    "NodeLagging",
    "NodeLost",
    "NodeOrder",
    "NodeStopped",
    "NodeUp",
    "ORDERS",
    "RunDirectory",
    "Secret",
    "System",
    "Tls",
    "make_run",
    "parse_address",
    "parse_capabilities",
    "runs",
    "sweep_runs",
)
