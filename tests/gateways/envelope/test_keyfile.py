"""Keyrings written down: in TOML, in JSON, in files that nobody else may read, in the environment."""

import json
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import (
    Keyring,
    keyring_from_environment,
    keyring_of,
    parsed_keyring,
    read_keyring,
)

SECRET = "correct horse battery staple, again"
TOML = f"""
[keys.november]
secret = "{SECRET}"
paths = ["shop"]
until = 2026-12-01T00:00:00Z

[keys.december]
secret = "{SECRET}!"
paths = ["shop", "operator"]
since = 2026-11-30T00:00:00+00:00

[keys.alarm]
secret = "{SECRET}?"
paths = ["*"]
purpose = "control"

[current]
work = "november"
"""
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.write_text(TOML)
    path.chmod(0o600)
    return path


def test_toml_says_it_all() -> None:
    ring = parsed_keyring(TOML)
    november, december = ring.find("november"), ring.find("december")
    assert november is not None
    assert december is not None
    assert (november.paths, november.purpose, november.until) == (("shop",), "work", DECEMBER)
    assert (december.paths, december.since) == (("shop", "operator"), DECEMBER - 86_400)
    assert ring.current() is november
    assert ring.current("control").id == "alarm"


def test_json_says_it_too() -> None:
    options = {"secret": SECRET, "paths": ["shop"], "since": "2026-12-01T00:00:00Z", "until": DECEMBER + 5}
    ring = parsed_keyring(json.dumps({"keys": {"k": options}}))
    assert (ring.current().since, ring.current().until) == (DECEMBER, DECEMBER + 5)


def test_a_mapping_may_hold_bytes_and_dates() -> None:
    options = {"secret": b"\0" * 32, "paths": ["shop"], "until": datetime.fromtimestamp(DECEMBER, UTC)}
    assert keyring_of({"keys": {"k": options}}).current().until == DECEMBER
    assert len(keyring_of({})) == 0


def test_a_private_file_is_read(file: Path) -> None:
    assert read_keyring(file).current().id == "november"
    file.chmod(0o400)
    assert isinstance(read_keyring(str(file)), Keyring)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(OptionError, match=f"mode 0600 .*got: mode {mode:04o}"):
        read_keyring(file)


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="No such file"):
        read_keyring(tmp_path / "none")
    with pytest.raises(OptionError, match="Is a directory"):
        read_keyring(tmp_path)
    with pytest.raises(OptionError, match="an ordinary file"):
        read_keyring("/dev/null")
    large = tmp_path / "large"
    large.write_bytes(b"#" * (2**20 + 1))
    large.chmod(0o600)
    with pytest.raises(OptionError, match="at most 1048576 bytes"):
        read_keyring(large)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(OptionError, match="an ordinary file"):
        read_keyring(tmp_path / "pipe")


def test_the_environment_may_hold_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERNETIC_KEYS", TOML)
    ring = keyring_from_environment()
    assert ring is not None
    assert ring.current().id == "november"
    monkeypatch.setenv("CYBERNETIC_KEYS", " ")
    assert keyring_from_environment() is None
    monkeypatch.delenv("CYBERNETIC_KEYS")
    assert keyring_from_environment() is None
    monkeypatch.setenv("OTHER", TOML)
    assert keyring_from_environment("OTHER") is not None


GOOD: dict[str, Any] = {"secret": SECRET, "paths": ["shop"]}


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"key": {}}, "one of the options current, keys, got: 'key'"),
        ({"keys": []}, "keys: expected a mapping"),
        ({"keys": {"k": SECRET}}, r"keys\.k: expected a mapping, got: <class 'str'>"),
        ({"keys": {"k": {"paths": ["shop"]}}}, "the option secret"),
        ({"keys": {"k": {"secret": SECRET}}}, "the option paths"),
        ({"keys": {"k": {**GOOD, "path": "x"}}}, "got: 'path'"),
        ({"keys": {"k": {**GOOD, "secret": "horse"}}}, "at least 32 bytes"),
        ({"keys": {"k": {**GOOD, "until": "soon"}}}, "a date and time in ISO 8601"),
        ({"keys": {"k": {**GOOD, "until": "2026-12-01T00:00:00"}}}, "with its zone"),
        ({"keys": {"k": {**GOOD, "until": [1]}}}, "seconds since 1970"),
        ({"keys": {"k": GOOD}, "current": {"work": "other"}}, "one of 'k', got: 'other'"),
        ({"keys": {"k": GOOD}, "current": {"control": "k"}}, "current"),
        ({"keys": {"k": GOOD}, "current": "k"}, "current: expected a mapping"),
    ],
)
def test_what_is_written_wrong_is_told_by_name_and_without_secrets(values: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text) as refused:
        keyring_of(values)
    assert "horse" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "text", [f'{{"secret": "{SECRET}"', f'secret = "{SECRET}', f"{SECRET} =", "{" * 100_000]
)
def test_what_is_no_toml_and_no_json_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(OptionError, match="TOML or JSON") as refused:
        parsed_keyring(text)
    error: BaseException | None = refused.value
    while error is not None:
        assert "horse" not in f"{error!r}{error}{vars(error)}"
        error = error.__cause__ or error.__context__
