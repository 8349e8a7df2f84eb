"""What tests of agent programs need: public, and imported by no other room of the package."""

from cybernetic.runtime import VirtualTimeLoop
from cybernetic.runtime import run_virtual as run
from cybernetic.testing.brokers import BrokerContract
from cybernetic.testing.hosts import HostContract
from cybernetic.testing.probe import Probe, ProbeFailed
from cybernetic.testing.settle import settle

__all__ = ("BrokerContract", "HostContract", "Probe", "ProbeFailed", "VirtualTimeLoop", "run", "settle")
