"""Exclusive work on an artefact: a lease of system 2, renewed while it is held."""

from typing import Any

from cybernetic.core import number
from cybernetic.vsm.checks import word
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.timing import now


class Exclusive:
    """The block in which a unit alone has a key. Made by `Operation.exclusive`."""

    def __init__(self, desk: Any, key: str, ttl: float) -> None:
        self._desk, self._key, self._ttl = desk, word("key", key), number("ttl", ttl, above=0.0)
        self._lease: Lease | None = None

    async def __aenter__(self) -> Lease:
        """Wait for the lease."""
        self._desk.progress.turn(1, now())
        try:
            lease: Lease = await self._desk.porter.within(None).call(Porter.lease, self._key, self._ttl)
        finally:
            self._desk.progress.turn(-1, now())
        self._lease = lease
        return lease

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Give it back. Raises `LeaseLost` if it was lost meanwhile, unless the block raised already."""
        lease, self._lease = self._lease, None
        assert lease is not None
        held = await self._desk.porter.call(Porter.unlease, lease.key, lease.token)
        if not held and error is None:
            raise LeaseLost(lease.key, lease.token, "it lapsed before the work on it was over")
