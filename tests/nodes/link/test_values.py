"""Addresses, secrets, settings."""

import os
import pickle
from pathlib import Path

import pytest

from cybernetic.core import OptionError
from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link import (
    LinkSettings,
    MemoryAddress,
    Secret,
    TcpAddress,
    Tls,
    UnixAddress,
    connect,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/a:b", UnixAddress("/run/a:b")),
        ("tcp:127.0.0.1:0", TcpAddress("127.0.0.1", 0)),
        ("tcp:[::1]:80", TcpAddress("::1", 80)),
        ("memory:a", MemoryAddress("a")),
    ],
)
def test_an_address_and_its_text_tell_the_same(text: str, address: object) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "unix:", "tcp:host", "tcp::1", "tcp:::1:80", "tcp:a:99999", "udp:a:1", "unix:" + "x" * 200]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse_address(text)


def test_a_secret_is_not_shown_and_does_not_travel() -> None:
    secret = Secret.of("a very secret text")
    assert "very" not in repr(secret) + str(secret)
    with pytest.raises(OptionError) as error:
        Secret.of("short text")
    assert "short" not in str(error.value)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert Secret.fresh().proof(b"") != Secret.fresh().proof(b"")


def test_a_named_pipe_is_no_secret_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(OptionError, match="an ordinary file"):
        Secret.read(tmp_path / "pipe")


def test_a_secret_file_is_read_only_if_nobody_else_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("a very secret text\n")
    file.chmod(0o640)
    with pytest.raises(OptionError, match="0600"):
        Secret.read(file)
    file.chmod(0o600)
    assert Secret.read(file).proof(b"x") == Secret.of("a very secret text").proof(b"x")
    with pytest.raises(OptionError, match="No such file"):
        Secret.read(tmp_path / "none")
    monkeypatch.delenv("CYBERNETIC_SECRET", raising=False)
    assert Secret.from_environment() is None
    monkeypatch.setenv("CYBERNETIC_SECRET", "a very secret text")
    found = Secret.from_environment()
    assert found is not None
    assert found.proof(b"x") == Secret.read(file).proof(b"x")


@pytest.mark.parametrize(
    "name", ["window", "batch", "high_bytes", "largest", "interval", "dead_after", "pending"]
)
def test_a_setting_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=name):
        LinkSettings(**{name: 0})


async def test_nothing_leaves_the_machine_in_the_clear() -> None:
    with pytest.raises(LinkRefused, match="expected TLS"):
        await connect("tcp:192.0.2.1:9", b"", Secret.fresh())
    with pytest.raises(LinkRefused, match="TCP alone"):
        await connect("memory:a", b"", Secret.fresh(), tls=Tls())
