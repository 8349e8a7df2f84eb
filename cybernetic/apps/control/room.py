"""What is told of a viable system that lives in a running one. Runs on its loop."""

from collections.abc import Mapping
from typing import Any

from cybernetic.apps.config.nearest import hint
from cybernetic.core import OptionError
from cybernetic.observe import panorama
from cybernetic.vsm import ViableSystem


async def seen(system: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """What `Panorama.plain` gives of the viable system at `path`; without one, of the only one there is.

    `since`: by level, the number of the last line of its log that is known. Raises `OptionError`.
    """
    path, since = request.get("path"), request.get("since")
    if since is not None and not (
        isinstance(since, dict) and all(type(number) is int and number >= 0 for number in since.values())
    ):
        raise OptionError("since", "numbers of lines by level", since)
    return (await panorama(system, _chosen(system, path), since=since)).plain()


def _chosen(system: Any, path: object) -> Any:
    """The viable system that is asked for."""
    found = {_path(ref): ref for ref in system.agents() if _viable(ref)}
    tops = sorted(path for path in found if "/" not in path)
    if path is None and len(tops) == 1:
        return found[tops[0]]
    if isinstance(path, str) and path in found:
        return found[path]
    if not tops:
        raise OptionError("path", "a system in which a ViableSystem lives", "one without")
    near = hint(path, found) if isinstance(path, str) else ""
    raise OptionError("path", f"the path of a viable system ({', '.join(tops)}){near}", path)


def _viable(ref: Any) -> bool:
    return not ref.gone and isinstance(ref.cls, type) and issubclass(ref.cls, ViableSystem)


def _path(ref: Any) -> str:
    """The name that it has, or, as it calls itself then, that of its class."""
    return str(ref.name or ref.cls.__name__.lower())
