"""The agents behind registries, groups and topics."""

from typing import Any

from cybernetic.naming.host import Host
from cybernetic.naming.locks import Claim, Locks
from cybernetic.naming.messages import Joined, Left
from cybernetic.naming.shared import SharedHost
from cybernetic.naming.table import Entry, Table
from cybernetic.runtime import tell

SCOPE = ("scope",)  # the key under which those are found who watch every group


class RegistryAgent(Host):
    """The agent behind a `Registry`."""

    def __init__(self, service: Any) -> None:
        super().__init__(service, unique=service.keys == "unique")
        self.meta: dict[object, Any] = {}
        self.locks = Locks()

    def _claim(self, key: object, owner: Any) -> Claim:
        """Stand in line for a lock; `owner` is an agent, or None."""
        if owner is not None:
            self._watch(owner)
        return self.locks.claim(key, owner)

    def _give_back(self, claim: Claim) -> None:
        self.locks.give_back(claim)
        if claim.owner is not None and not self.locks.concern(claim.owner):
            self._unwatch(claim.owner)

    def _removed(self, ref: Any, gone: list[Entry]) -> None:
        self.locks.forget(ref)

    def _close(self, ref: Any) -> None:
        super()._close(ref)
        self.locks.close(ref)


class GroupsAgent(SharedHost):
    """The agent behind `Groups`. Its end does not touch the members: they are in no group any more."""

    bound = False

    def __init__(self, service: Any) -> None:
        self.watchers = Table(unique=False)  # under ("group", g) or SCOPE, with the token as value
        super().__init__(service)

    def _tell(self, kind: type[Joined] | type[Left], group: object, refs: tuple[Any, ...]) -> None:
        """Tell those who monitor a group, or all groups, of a change."""
        for watch in (*self.watchers.entries(("group", group)), *self.watchers.entries(SCOPE)):
            tell(watch.ref, kind(watch.value, group, refs))

    def learn(self, key: object, ref: Any, entered: bool) -> None:
        """Another node tells of one of its agents; those who monitor the group are told."""
        before = len(self.table.own(key, ref))
        super().learn(key, ref, entered)
        if len(self.table.own(key, ref)) != before:
            self._tell(Joined if entered else Left, key, (ref,))

    def _removed(self, ref: Any, gone: list[Entry]) -> None:
        super()._removed(ref, gone)
        self.watchers.forget(ref)
        groups = Table(unique=False)
        for entry in gone:
            groups.add(entry.key, entry.ref)
        for group in groups.keys():  # noqa: SIM118 - not a dict
            self._tell(Left, group, tuple(entry.ref for entry in groups.entries(group)))


class TopicsAgent(SharedHost):
    """The agent behind `Topics`: its table has the patterns and their subscribers."""
