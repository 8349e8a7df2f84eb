"""What is told of a running system: its description, its nodes, and its trees. Runs on its loop."""

import asyncio
import importlib.metadata
import os
import platform
from typing import Any

from cybernetic.core import CyberneticError
from cybernetic.runtime import Agent, Ref
from cybernetic.supervision import Supervisor

RECORDS = 10_000
BRANCH_SECONDS = 2.0  # how long a supervisor may take to name its children
STRIDE = 500  # agents looked at before the loop has another turn


def version() -> str:
    """The version of this library, as it was installed; "unknown" if it was not."""
    try:
        return importlib.metadata.version("cybernetic")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def describe(system: Any, name: str, since: float) -> dict[str, Any]:
    """Who a system is: `since` in seconds since the epoch."""
    return {
        "name": name,
        "pid": os.getpid(),
        "since": since,
        "python": platform.python_version(),
        "version": version(),
        "nodes": nodes(system),
        "statistics": system.statistics(),
    }


def nodes(system: Any) -> list[dict[str, Any]]:
    """The nodes of a system that this one is linked with, itself first; empty if it is of a single process."""
    return [
        {
            "name": node.name,
            "kind": node.kind,
            "host": node.host,
            "pid": os.getpid() if node.here else node.pid,
            "here": node.here,
            "capabilities": dict(node.capabilities),
        }
        for node in system.nodes
    ]


def label(ref: Ref[Any]) -> str:
    """How an agent without a name is called: its node and number, as `main.7`."""
    return f"{ref.node}.{ref._serial}"


class Survey:
    """The trees of a system, from the agents nobody started down; those in no tree stand apart.

    Attributes:
        agents: the agents met, by `label`.
        cut: whether there are more than `limit` records.
    """

    def __init__(self, system: Any, limit: int = RECORDS) -> None:
        self._system, self._limit = system, limit
        self.agents: dict[str, Ref[Any]] = {}
        self.cut = False

    async def take(self) -> dict[str, Any]:
        """Walk all trees: `{"trees": [record...], "apart": [record...], "cut": bool}`.

        A record is {id, name, class, ref, node, status, restart, kind, children}; `children` is None where the
        supervisor did not name them within 2 seconds, and `status` says why.
        """
        tops = [ref async for ref in self._each() if _parent(ref) is None]
        trees = [await self._record(ref, None, _kind(ref), None) for ref in tops if self._room()]
        apart = [
            await self._record(ref, None, _kind(ref), None)
            async for ref in self._each()
            if label(ref) not in self.agents and self._room()
        ]
        return {"trees": trees, "apart": apart, "cut": self.cut}

    async def _each(self) -> Any:
        for number, ref in enumerate(self._system.agents()):
            if number % STRIDE == STRIDE - 1:
                await asyncio.sleep(0)
            if not ref.gone:
                yield ref

    def _room(self) -> bool:
        self.cut = self.cut or len(self.agents) >= self._limit
        return not self.cut

    async def _record(self, ref: Ref[Any], id: Any, kind: str, restart: str | None) -> dict[str, Any]:
        self.agents[label(ref)] = ref
        record = _record(ref, id, kind, restart)
        if kind == "supervisor":
            await self._branches(ref, record)
        return record

    async def _branches(self, ref: Ref[Any], record: dict[str, Any]) -> None:
        try:
            found = await ref.within(BRANCH_SECONDS).call(Supervisor.which_children)
        except CyberneticError as error:
            record["children"], record["status"] = None, f"did not answer ({error})"
            return
        for child in reversed(found):
            if not self._room():
                return
            if isinstance(child.ref, Ref) and label(child.ref) not in self.agents:
                record["children"].append(await self._record(child.ref, child.id, child.kind, child.restart))
            elif not isinstance(child.ref, Ref):
                record["children"].append(_absent(child))


def _record(ref: Ref[Any], id: Any, kind: str, restart: str | None) -> dict[str, Any]:
    return {
        "id": None if id is None else str(id),
        "name": None if ref.name is None else str(ref.name),
        "class": ref.cls.__name__,
        "ref": label(ref),
        "node": ref.node,
        "status": status(ref),
        "restart": restart,
        "kind": kind,
        "children": [],
    }


def _absent(child: Any) -> dict[str, Any]:
    """A child without an agent: it waits to be started again, or was stopped."""
    return {
        "id": str(child.id),
        "name": None,
        "class": None,
        "ref": None,
        "node": None,
        "status": child.ref or "stopped",
        "restart": child.restart,
        "kind": child.kind,
        "children": [],
    }


def status(ref: Ref[Any]) -> str:
    """What an agent does: as `inspect` says on its own node; "elsewhere" on another, "ended" when it has."""
    if ref.gone:
        return "ended"
    try:
        info = ref.inspect().info()
    except CyberneticError:
        return "elsewhere"
    return "ended" if info is None else str(info.status)


def _parent(ref: Ref[Any]) -> Any:
    return ref.details().parent


def _kind(ref: Ref[Any]) -> str:
    cls: type[Agent] = ref.cls
    return cls.agent_type
