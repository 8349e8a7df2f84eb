"""What an operation may declare: looked at when its class is made, so that a mistake is seen where it stands."""

from collections.abc import Sequence
from inspect import unwrap
from typing import Any

from cybernetic.core import OptionError
from cybernetic.vsm.checks import instance, is_async, mapping, weights, word
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.operations.kinds import kinds_of


def check_operation(cls: Any) -> None:
    """What a class declares. Raises `OptionError`."""
    if not is_async(unwrap(cls.handle)):
        raise OptionError("handle", "a coroutine function, `async def handle(self, task)`", cls.handle)
    _check_indices(cls.indices)
    kinds_of(cls.kinds)
    for kind in mapping("purposes", cls.purposes):
        word("purposes", kind)
    if cls.purposes:
        weights("purposes", cls.purposes)


def _check_indices(indices: Any) -> None:
    if not isinstance(indices, Sequence) or isinstance(indices, str):
        raise OptionError("indices", "a list of values of Index, of one as well", indices)
    names = [instance("indices", one, Index).name for one in indices]
    if len(set(names)) < len(names):
        raise OptionError("indices", "names that differ", names)
