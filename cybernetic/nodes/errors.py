"""What can go wrong between processes: hosts that cannot be, peers that are turned away, links that break."""

from cybernetic.core import CyberneticError


class HostFailed(CyberneticError):
    """The processes that make nodes could not be started, or do not answer. The text says why."""


class LinkRefused(CyberneticError):
    """A link between two nodes was not made: the peer is not who it should be, or does not want it."""


class LinkUnreachable(LinkRefused):
    """Nobody answers at the address of a node: it may not be there yet, or not any more."""


class LinkBroken(CyberneticError):
    """A link between two nodes ended: the peer has gone, is silent, or spoke what it must not. The text says what."""
