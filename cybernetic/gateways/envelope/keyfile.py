"""Keyrings as people write them down: in TOML or JSON, in a file of mode 0600 or in the environment.

    [keys.november]
    secret = "at least 32 bytes"
    paths = ["shop"]
    until = 2026-12-01T00:00:00Z

    [current]
    work = "november"

Which options a key has is told by `Key`.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cybernetic.core import OptionError, known, read_private
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.envelope.keys import Key

VARIABLE = "CYBERNETIC_KEYS"
MOST_BYTES = 2**20  # of a file of keys

_OPTIONS = ("paths", "purpose", "secret", "since", "until")


def keyring_of(values: Mapping[str, Any]) -> Keyring:
    """The keyring that a mapping describes: `keys` (options of `Key` by id) and `current` (id by purpose).

    `since` and `until` are seconds since 1970, a date and time with its zone, or such a one as a text in ISO 8601.
    Raises `OptionError`, never telling a secret.
    """
    known("keyring", _mapping("keyring", values), ("current", "keys"))
    keys = _mapping("keys", values.get("keys", {}))
    current = _mapping("current", values.get("current", {}))
    return Keyring([_key(id, _mapping(f"keys.{id}", options)) for id, options in keys.items()], current)


def parsed_keyring(text: str) -> Keyring:
    """The keyring that a text describes: JSON if it begins with a brace, else TOML. Raises `OptionError`."""
    try:
        values = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the error of json holds the whole text
        values, where = (
            None,
            f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "other text",
        )
    if values is None:
        raise OptionError("keyring", "TOML or JSON", where)
    return keyring_of(values)


def read_keyring(file: str | Path) -> Keyring:
    """The keyring in a file. Raises `OptionError`.

    It must be an ordinary file of at most 1 MiB that nobody but its owner can read or write: mode 0600.
    """
    return parsed_keyring(read_private("keyring", file, MOST_BYTES).decode(errors="surrogateescape"))


def keyring_from_environment(variable: str = VARIABLE) -> Keyring | None:
    """The keyring that an environment variable describes, as a text; None if it is not set or empty.

    Raises `OptionError`.
    """
    text = os.environ.get(variable, "")
    return parsed_keyring(text) if text.strip() else None


def _key(id: str, options: Mapping[str, Any]) -> Key:
    known(f"keys.{id}", options, _OPTIONS)
    for name in ("secret", "paths"):
        if name not in options:
            raise OptionError(f"keys.{id}", f"the option {name}", sorted(options))
    times = {
        name: _seconds(f"keys.{id}.{name}", options[name]) for name in ("since", "until") if name in options
    }
    rest = {"purpose": options["purpose"]} if "purpose" in options else {}
    return Key(id, options["secret"], options["paths"], **rest, **times)


def _mapping(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(name, "a mapping", type(value))
    return value


def _seconds(name: str, value: object) -> Any:
    """Seconds since 1970 of a date and time, or of a text of one; anything else as it is."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise OptionError(name, "a date and time in ISO 8601", value) from None
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise OptionError(name, "a date and time with its zone", value.isoformat())
    return value.timestamp()
