"""The handshake, as a machine of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.nodes.link.handshake import GREETING_BYTES, MAGIC, PROOF_BYTES, Handshake, Role
from cybernetic.nodes.link.secret import Secret

SECRET, OTHER = Secret.of(b"s" * 16), Secret.of(b"o" * 16)
CALLER_NONCE, HOST_NONCE = b"c" * 32, b"h" * 32


def ends(caller: Secret = SECRET, host: Secret = SECRET, channels: tuple[bytes, bytes] = (b"", b"")):
    return (
        Handshake(Role.CALLER, caller, CALLER_NONCE, 1, channels[0]),
        Handshake(Role.HOST, host, HOST_NONCE, 1, channels[1]),
    )


def talk(caller: Handshake, host: Handshake, piece: int = 1000) -> tuple[bytes, bytes]:
    """Let both talk until nothing is left to say; all that the caller and all that the host has sent."""
    to_host, to_caller = caller.greeting(), host.greeting()
    said_by_caller, said_by_host = to_host, to_caller
    while to_host or to_caller:
        answer = caller.feed(to_caller[:piece]) if to_caller and not caller.failure else b""
        to_caller, to_host, said_by_caller = to_caller[piece:], to_host + answer, said_by_caller + answer
        answer = host.feed(to_host[:piece]) if to_host and not host.failure else b""
        to_host, to_caller, said_by_host = to_host[piece:], to_caller + answer, said_by_host + answer
    return said_by_caller, said_by_host


@given(st.integers(1, 200))
def test_two_that_know_the_secret_prove_it_however_the_bytes_arrive(piece: int) -> None:
    caller, host = ends()
    talk(caller, host, piece)
    assert caller.proved
    assert host.proved


def test_a_wrong_secret_is_told_to_both_and_no_proof_of_the_hosts_is_given_away() -> None:
    caller, host = ends(caller=OTHER)
    _, said = talk(caller, host)
    assert not caller.proved
    assert not host.proved
    assert "secret" in (caller.failure or "")
    assert "secret" in (host.failure or "")
    assert said[GREETING_BYTES + 1 :] == bytes(PROOF_BYTES)


def test_another_channel_is_as_bad_as_a_wrong_secret() -> None:
    caller, host = ends(channels=(b"one certificate", b"another"))
    talk(caller, host)
    assert not caller.proved
    assert not host.proved


def test_another_version_is_named_by_both_ends() -> None:
    caller = Handshake(Role.CALLER, SECRET, CALLER_NONCE, 1)
    host = Handshake(Role.HOST, SECRET, HOST_NONCE, 2)
    talk(caller, host)
    for end in (caller, host):
        assert "version 1" in (end.failure or "")
        assert "version 2" in (end.failure or "")


def test_what_was_said_once_is_worth_nothing_the_next_time() -> None:
    said, _ = talk(*ends())
    fresh = Handshake(Role.HOST, SECRET, b"n" * 32, 1)
    fresh.feed(said)
    assert fresh.failure
    assert not fresh.proved


def test_a_proof_sent_back_proves_nothing() -> None:
    caller, _ = ends()
    proof = caller.feed(ends()[1].greeting())
    caller.feed(b"\x01" + proof)
    assert caller.failure
    again, _ = ends()
    again.feed(again.greeting())
    assert "sent back" in (again.failure or "")


@given(st.binary(max_size=300), st.sampled_from(Role), st.integers(1, 40))
def test_random_bytes_never_prove_anything_nor_raise(data: bytes, role: Role, piece: int) -> None:
    end = Handshake(role, SECRET, HOST_NONCE, 1)
    for at in range(0, len(data), piece):
        end.feed(data[at : at + piece])
    assert not end.proved
    assert end.failure or MAGIC.startswith(data[: len(MAGIC)]) or data.startswith(MAGIC)


@given(st.data())
def test_one_changed_bit_anywhere_ends_it(data: st.DataObject) -> None:
    said, _ = talk(*ends())
    at = data.draw(st.integers(0, len(said) * 8 - 1))
    changed = bytearray(said)
    changed[at // 8] ^= 1 << at % 8
    _, host = ends()
    host.feed(bytes(changed))
    assert host.failure
    assert not host.proved
