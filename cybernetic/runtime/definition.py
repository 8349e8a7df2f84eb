"""The rules a subclass of `Agent` keeps, checked when the class is made."""

from types import FunctionType
from typing import Any

from cybernetic.core import DefinitionError, flag, number, one_of, whole


def check_class(cls: Any) -> None:
    """The rules for a subclass of `Agent`, mixins included. Raises `DefinitionError`."""
    for place, base in enumerate(cls.__mro__):
        final = vars(base).get("_final", frozenset())
        overridden = {name for owner in cls.__mro__[:place] for name in vars(owner)} & final
        for name in sorted(overridden):
            raise DefinitionError(
                f"{cls.__qualname__}.{name} overrides a member of {base.__name__} that is final; "
                f"expected another name (final are: {', '.join(sorted(final))})"
            )
    _check_settings(cls)
    hooks = frozenset[str]().union(*(vars(base).get("_hooks", ()) for base in cls.__mro__))
    for owner in cls.__mro__:
        for name, value in vars(owner).items():
            if name in hooks or name.startswith("_"):
                continue
            if isinstance(value, FunctionType) and _generates(value):
                raise DefinitionError(
                    f"{owner.__qualname__}.{name} is a generator: expected `def` or `async def` without yield"
                )


def _check_settings(cls: Any) -> None:
    """The class's settings, as far as they are values and not properties. Raises `OptionError`."""
    name = cls.__qualname__
    if not isinstance(cls.trap_exit, property):
        flag(f"{name}.trap_exit", cls.trap_exit)
    if cls.idle_timeout is not None and not isinstance(cls.idle_timeout, property):
        number(f"{name}.idle_timeout", cls.idle_timeout, least=0)
    if cls.mailbox_limit is not None:
        whole(f"{name}.mailbox_limit", cls.mailbox_limit, least=1)
    one_of(f"{name}.overflow", cls.overflow, ("reject", "drop_oldest", "drop_newest"))


def _generates(fn: FunctionType) -> bool:
    generator, async_generator = 0x20, 0x200
    return bool(fn.__code__.co_flags & (generator | async_generator))
