"""Which level's `Post` speaks to which others, for its agents are named after these: a system has one to each."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from cybernetic.core import OptionError
from cybernetic.runtime import Ref, SystemFace

Claims = dict[
    str, tuple[str, Ref[Any]]
]  # by peer: the path of the level whose post speaks to it, and that post

_claims: WeakKeyDictionary[SystemFace, Claims] = WeakKeyDictionary()


def claim(system: SystemFace, post: Ref[Any], path: str, peers: Iterable[str]) -> None:
    """The post of the level `path` is to speak to `peers`. Raises `OptionError`: another does, to one of them."""
    claims = _claims.setdefault(system, {})
    for peer in peers:
        other, holder = claims.get(peer, (path, post))
        if holder != post and system.alive(holder):
            raise OptionError(
                f"peers of the Post of {path!r}",
                f"levels that no other Post of this system speaks to: the one of {other!r} does to {peer!r}, and "
                f'the agents that carry to a level are named after it alone, as "amqp to {peer}"; give {path!r} a '
                "system of its own",
                peer,
            )
    claims.update(dict.fromkeys(peers, (path, post)))
