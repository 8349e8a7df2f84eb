"""The other end of the control socket: find a running system, and ask it. Blocks; for commands, not for agents."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cybernetic.apps.config.nearest import hint
from cybernetic.apps.control.lines import ANSWER_BYTES, ASK, Malformed, line, parse
from cybernetic.apps.control.views import who
from cybernetic.core import CyberneticError
from cybernetic.nodes import RunDirectory, runs

SECONDS = 10.0
CHUNK = 1 << 16


class ControlError(CyberneticError):
    """A system could not be asked, or said no; the text says why."""


class Client:
    """A connection to one system's control socket, from `with` to the end of the block.

    Args:
        path: of the socket.
        timeout: seconds each answer may take.

    Raises:
        ControlError: nobody listens there.
    """

    def __init__(self, path: Path, timeout: float = SECONDS) -> None:
        self._path, self._timeout = path, timeout
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> Self:
        self._socket.settimeout(self._timeout)
        try:
            self._socket.connect(str(self._path))
        except OSError as error:
            self._socket.close()
            raise ControlError(f"expected a system that listens at {self._path}, got: {error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, do: str, timeout: float | None = None, **request: Any) -> Any:
        """What the system answers. Raises `ControlError`.

        Args:
            do: "describe", "tree", "top", "room", "call" or "stop".
            timeout: seconds the answer may take; None: as the connection says.
            request: what else belongs to the request.
        """
        self._socket.settimeout(self._timeout if timeout is None else timeout)
        try:
            self._send(line({"do": do, **request}))
            answer = parse(self._line())
        except TimeoutError:
            raise ControlError("expected an answer in time, got: none; is its event loop held?") from None
        except (OSError, Malformed) as error:
            raise ControlError(f"expected an answer of the system, got: {error}") from None
        if "error" in answer:
            raise ControlError(str(answer["error"]))
        return answer.get("ok")

    def _send(self, text: bytes) -> None:
        try:
            self._socket.sendall(text)
        except (BrokenPipeError, ConnectionResetError):
            pass  # who closes early has said why: it can still be read

    def _line(self) -> bytes:
        text = bytearray()
        while not text.endswith(b"\n"):
            part = self._socket.recv(CHUNK)
            text += part
            if not part or len(text) > ANSWER_BYTES:
                break
        if not text:
            raise Malformed("an end without an answer")
        return bytes(text)


@dataclass(frozen=True, slots=True)
class Found:
    """A living system: the socket it listens at, and what the run is called."""

    name: str
    path: Path


def find(name: str | None = None, base: Path | None = None) -> Found:
    """The running system called `name`; without one, the only one there is. Raises `ControlError`.

    Args:
        name: of the run, as `--system` said, or of its directory where several runs have one name.
        base: where runs are; default: where they always are.
    """
    living = [run for run in runs(base) if (run.path / ASK).is_socket()]
    chosen = [run for run in living if name in (None, run.name, run.path.name)]
    if len(chosen) == 1:
        return Found(chosen[0].name, chosen[0].path / ASK)
    raise ControlError(_not_one(name, living, chosen))


def _not_one(name: str | None, living: Sequence[RunDirectory], chosen: Sequence[RunDirectory]) -> str:
    if not living:
        return "no system is running here; `cybernetic run MODULE:CLASS` starts one"
    if not chosen:
        names = sorted({run.name for run in living})
        return f"expected the name of a running system ({', '.join(names)}), got: {name!r}{hint(name or '', names)}"
    several = "\n".join(f"  {_line_of(run, [other.name for other in chosen])}" for run in chosen)
    return f"several systems are running; say which with --system NAME:\n{several}"


def _line_of(run: RunDirectory, names: Sequence[str]) -> str:
    """What is said of one of several: the directory's name where the name alone would not tell them apart."""
    shown = run.name if names.count(run.name) == 1 else run.path.name
    try:
        with Client(run.path / ASK, 2.0) as client:
            about = client.ask("describe")
    except ControlError:
        return f"{shown}  (does not answer)"
    return who(shown, about)
