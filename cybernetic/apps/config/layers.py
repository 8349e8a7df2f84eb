"""Where values come from: the file, the environment, the flags. Each gives values with their source, and problems."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cybernetic.apps.config.nearest import hint
from cybernetic.apps.config.options import OPTIONS, PREFIX, SECTIONS, Option

FILE = "cybernetic.toml"
PASSWORD = f"{PREFIX}_AMQP_PASSWORD"  # the variable that holds the broker's
AUDIT_PASSWORD = f"{PREFIX}_AMQP_AUDIT_PASSWORD"  # and that of the user for audits
SECRETS = ("secret", "password", "token")
_HEADER = re.compile(r"^\s*\[([A-Za-z0-9_.-]+)\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.-]+)\s*=")


@dataclass(frozen=True, slots=True)
class Given:
    """A value that was given, and where: "cybernetic.toml:3", "environment NAME" or "flag --nodes"."""

    value: Any
    source: str


@dataclass(slots=True)
class Layer:
    """What one place gives: values by key, and a sentence for each that is wrong."""

    given: dict[str, Given] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, option: Option, value: Any, source: str, base: Path | None = None) -> None:
        """Add a value as TOML, the environment (as text) or a flag gives it; `base`: where relative paths start."""
        kind = option.kind
        try:
            accepted = kind.accept(value)
        except (ValueError, TypeError):
            self.problems.append(f"{source}: {option.key}: expected {kind.expected}, got: {_plain(value)}")
            return
        if base is not None and isinstance(accepted, Path):
            accepted = base / accepted
        self.given[option.key] = Given(accepted, source)

    def add_text(self, option: Option, text: str, source: str) -> None:
        """Add a value that is text."""
        try:
            value = option.kind.parse(text)
        except ValueError:
            self.problems.append(
                f"{source}: {option.key}: expected {option.kind.expected}, got: {_plain(text)}"
            )
            return
        self.add(option, value, source)


def find_file(start: Path) -> Path | None:
    """The nearest `cybernetic.toml` in `start` or a directory above it, or None."""
    return next((folder / FILE for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def from_file(path: Path) -> Layer:
    """What a file gives; that it cannot be read or is no TOML is a problem like others."""
    try:
        return from_toml(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        return Layer(problems=[f"{path}: expected a file that can be read, got: {error.strerror}"])
    except UnicodeDecodeError:
        return Layer(problems=[f"{path}: expected text in UTF-8, got: other bytes"])


def from_toml(text: str, path: Path) -> Layer:
    """What the text of a file gives; `path` is for the sources, and where relative paths start."""
    layer = Layer()
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        layer.problems.append(f"{path}: expected TOML, got: {error}")
        return layer
    lines = _lines(text)
    for section, values in content.items():
        source = _at(path, lines.get(section))
        if section not in SECTIONS:
            layer.problems.append(f"{source}: {section}: {_one_of(section, SECTIONS)}")
        elif not isinstance(values, dict):
            layer.problems.append(f"{source}: {section}: expected a table [{section}], got: {values!r}")
        else:
            for name, value in values.items():
                key = f"{section}.{name}"
                _add_key(layer, section, name, value, _at(path, lines.get(key)), path.parent)
    return layer


def from_environment(environ: Mapping[str, str]) -> Layer:
    """What variables such as CYBERNETIC_SYSTEM_NODES give; an empty one gives nothing."""
    layer = Layer()
    known = {option.variable: option for option in OPTIONS.values()}
    for name in sorted(environ):
        if not name.startswith(tuple(f"{PREFIX}_{section}_".upper() for section in SECTIONS)):
            continue
        if name in (PASSWORD, AUDIT_PASSWORD):  # a secret, read where it is needed
            continue
        if name not in known:
            layer.problems.append(f"environment {name}: {_one_of(name, known)}")
        elif environ[name]:
            layer.add_text(known[name], environ[name], f"environment {name}")
    return layer


def from_flags(flags: Mapping[str, tuple[str, Any]]) -> Layer:
    """What flags give: key -> (the flag, its value: text, a list of texts, or a bool)."""
    layer = Layer()
    for key, (flag, value) in flags.items():
        source = f"flag {flag}"
        if isinstance(value, bool):
            layer.add(OPTIONS[key], value, source)
        else:
            layer.add_text(OPTIONS[key], value if isinstance(value, str) else ",".join(value), source)
    return layer


def _add_key(layer: Layer, section: str, name: str, value: Any, source: str, base: Path) -> None:
    option = OPTIONS.get(f"{section}.{name}")
    if option is not None:
        layer.add(option, value, source, base)
    elif name in SECRETS:
        place = (
            f"amqp.password_file or the variable {PASSWORD}"
            if section == "amqp"
            else f"cluster.secret_file or the variable {PREFIX}_SECRET"
        )
        layer.problems.append(f"{source}: {section}.{name}: expected {place}, got: a secret in this file")
    else:
        names = [one.name for one in OPTIONS.values() if one.section == section]
        layer.problems.append(f"{source}: {section}.{name}: {_one_of(name, names)}")


def _one_of(got: str, names: Any) -> str:
    return f"expected one of {', '.join(names)}{hint(got, names)}"


def _at(path: Path, line: int | None) -> str:
    return str(path) if line is None else f"{path}:{line}"


def _lines(text: str) -> dict[str, int]:
    """On which line a section or key of a file stands, as far as a look at the beginnings of lines tells."""
    found: dict[str, int] = {}
    for name, line in _names(text):
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:length]), line)
    return found


def _names(text: str) -> Iterator[tuple[str, int]]:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = f"{header[1]}."
            yield header[1], number
        elif key := _KEY.match(line):
            yield section + key[1], number


def _plain(value: Any) -> str:
    """`value` as it may be shown: without the password of an address."""
    return re.sub(r"://([^:@/]*):[^@/]*@", r"://\1:***@", repr(value))
