"""What registries, groups and topics put into mailboxes; it arrives in `receive`."""

from dataclasses import dataclass
from typing import Any

from cybernetic.core import Token
from cybernetic.runtime import Ref
from cybernetic.wire import travels


@travels(name="naming.Registered")
@dataclass(frozen=True, slots=True)
class Registered:
    """For a listener of a registry: an agent has registered a key (REG-12). Bounded mailboxes never drop it.

    Attributes:
        registry: the name of the registry.
        key: what was registered.
        ref: by whom.
        value: what it gave with it.
    """

    registry: str
    key: Any
    ref: Ref[Any]
    value: Any


@travels(name="naming.Unregistered")
@dataclass(frozen=True, slots=True)
class Unregistered:
    """For a listener of a registry: an agent has given up a key. Its death is not told: monitor it (REG-12)."""

    registry: str
    key: Any
    ref: Ref[Any]


@travels(name="naming.Joined")
@dataclass(frozen=True, slots=True)
class Joined:
    """For who monitors a group: agents have joined (PG-6). Bounded mailboxes never drop it.

    Attributes:
        token: what `monitor` returned.
        group: the group.
        refs: who, as often as they joined.
    """

    token: Token
    group: Any
    refs: tuple[Ref[Any], ...]


@travels(name="naming.Left")
@dataclass(frozen=True, slots=True)
class Left:
    """For who monitors a group: agents have left it, or ended (PG-6). `refs` has each as often as it was in it."""

    token: Token
    group: Any
    refs: tuple[Ref[Any], ...]


@travels(name="naming.Published")
@dataclass(frozen=True, slots=True)
class Published:
    """For subscribers of a topic: `message` was published under `topic`, by `self.sender`.

    It is sent as by `send`: a bounded mailbox counts it, and may drop it.
    """

    topic: str
    message: Any
