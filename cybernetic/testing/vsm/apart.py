"""A viable system apart: as it is declared, but in this process alone, and with nothing of its owner's on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from cybernetic.supervision import Child
from cybernetic.vsm import Unit, ViableSystem


@contextmanager
def apart(cls: type[ViableSystem], human: object) -> Iterator[type[ViableSystem]]:
    """A class to start in place of `cls`, for one simulation: who is paged is `human`.

    Its levels keep what has to last in a directory that begins empty and is removed in the end, where they declare one
    (`data`); units that would have a process or a node of their own are in this one.
    """
    with TemporaryDirectory(prefix="cybernetic-", ignore_cleanup_errors=True) as folder:
        yield _Apart(folder).made(cls, human=(human,))


class _Silent:
    """Before a class whose subclass is made here: what its own `__init_subclass__` does for classes that people declare
    is not done again. It may want keywords, or set anew what those have set.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        ViableSystem.__init_subclass__.__func__(cls, **kwargs)  # type: ignore[attr-defined]


class _Apart:
    """Makes the classes of one simulation, for levels at any depth: what is within one is what its `units` returns."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made: dict[type, Any] = {}

    def made(self, cls: type, **declared: object) -> Any:
        """The class in place of `cls`: the same one each time, for a level that begins anew."""
        if cls not in self._made:
            bases = (cls,) if issubclass(cls, _Silent) else (_Silent, cls)
            self._made[cls] = type(cls.__name__, bases, self._body(cls) | declared)
        return self._made[cls]

    def _body(self, cls: Any) -> dict[str, object]:
        def units(level: Any) -> tuple[Any, ...]:
            return tuple(self._unit(one) for one in cls.units(level))

        return {
            "data": _Data(cls, self._folder),
            "units": units,
            "__doc__": cls.__doc__,
            "__module__": cls.__module__,
            "__qualname__": f"{cls.__qualname__} in a simulation",  # by its own name a node would find this one
        }

    def _unit(self, one: Any) -> Any:
        """As declared, but here; what is no unit is for the level to refuse."""
        if not isinstance(one, Unit) or one.spec is None:
            return one
        return replace(one, spec=replace(one.spec, cls=self._cls(one.spec), **_HERE))

    def _cls(self, spec: Child[Any]) -> Any:
        if not issubclass(spec.agent, ViableSystem):
            return spec.cls
        under = self.made(spec.agent)
        held = spec.cls
        return partial(under, *held.args, **held.keywords) if isinstance(held, partial) else under


_HERE: dict[str, Any] = {"node": None, "requires": None, "isolate": False}


class _Data:
    """Where a level keeps what lasts: in the simulation's folder, if it does so at all."""

    def __init__(self, cls: Any, folder: str) -> None:
        self._cls, self._folder = cls, folder

    def __get__(self, level: Any, cls: type | None = None) -> str | None:
        declared = self._cls.data if level is None else vars(level).get("data", self._cls.data)
        return None if declared is None else self._folder

    def __set__(self, level: Any, value: object) -> None:
        vars(level)["data"] = value
