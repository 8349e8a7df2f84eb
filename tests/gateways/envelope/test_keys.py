"""Keys: what they cover, when they count, how they are rotated, and that no text shows them."""

import copy
import hmac
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import Key, Keyring, pack
from tests.gateways.envelope.made import NOW, WORK, envelope, fault

SECRET = "correct horse battery staple, again"


def key(id: str = "k", **options: Any) -> Key:
    return Key(id, SECRET, ["shop"], **options)


@pytest.mark.parametrize(
    ("paths", "covered", "others"),
    [
        (
            ["shop"],
            ["shop", "shop/support", "shop/support/answer-1"],
            ["shopping", "sho", "bank/shop", "Shop"],
        ),
        (["shop/support"], ["shop/support", "shop/support/a"], ["shop", "shop/supporters", "shop/sales"]),
        (["shop/a", "bank"], ["shop/a/b", "bank"], ["shop", "shop/ab"]),
        (["*"], ["shop", "bank/till"], []),
    ],
)
def test_a_key_covers_its_paths_and_what_is_below(
    paths: list[str], covered: list[str], others: list[str]
) -> None:
    bound = Key("k", SECRET, paths)
    assert all(map(bound.may_sign, covered))
    assert not any(map(bound.may_sign, others))


parts = st.lists(st.sampled_from(["a", "ab", "b", "a.b"]), min_size=1, max_size=4)


@given(outer=parts, inner=parts)
def test_paths_are_compared_part_by_part(outer: list[str], inner: list[str]) -> None:
    covers = Key("k", SECRET, ["/".join(outer)]).may_sign("/".join(inner))
    assert covers == (inner[: len(outer)] == outer)


def test_a_signature_is_hmac_sha256_in_hexadecimal() -> None:
    expected = hmac.new(SECRET.encode(), b"body", "sha256").hexdigest()
    assert key().sign(b"body") == expected
    assert key().signed(b"body", expected)
    assert not key().signed(b"other", expected)
    assert not key().signed(b"body", expected[:-1])
    assert not key().signed(b"body", "é" * 64)


def test_text_and_its_bytes_are_the_same_secret() -> None:
    assert Key("k", SECRET.encode(), ["a"]).sign(b"x") == Key("k", SECRET, ["a"]).sign(b"x")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"secret": "s" * 31}, "secret: expected at least 32 bytes, got: 31"),
        ({"secret": 5}, "secret: expected bytes or a text, got: <class 'int'>"),
        ({"paths": []}, "at least one path"),
        ({"paths": "shop"}, "a list of paths"),
        ({"paths": ["shop/"]}, "a path such as"),
        ({"paths": [5]}, "printable text"),
        ({"paths": None}, "a list of paths"),
        ({"id": ""}, "id"),
        ({"purpose": ""}, "purpose"),
        ({"since": 2.0, "until": 2.0}, "until: expected a time after 2"),
        ({"since": float("nan")}, "since"),
        ({"until": "tomorrow"}, "until"),
    ],
)
def test_impossible_keys_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        Key(**{"id": "k", "secret": SECRET, "paths": ["shop"], **change})


def test_no_text_shows_a_secret() -> None:
    ring = Keyring([key()])
    shown = [repr(key()), str(key()), repr(ring), f"{ring}"]
    for short in (
        {"secret": SECRET[:20]},
        {"secret": SECRET, "paths": "x"},
        {"secret": SECRET, "until": "x"},
    ):
        try:
            Key(**{"id": "k", "paths": ["shop"], **short})  # type: ignore[arg-type]
        except OptionError as error:
            shown += [str(error), repr(error.got)]
    with pytest.raises(OptionError) as refused:
        pack(envelope(source="bank"), "x", "k", key())
    shown += traceback.format_exception(refused.value)
    assert len(shown) > 10
    assert not any("horse" in text for text in shown)


@pytest.mark.parametrize("value", [key(), Keyring([key()])])
def test_keys_stay_in_their_process(value: object) -> None:
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="to stay in its process"):
            leak(value)


# keyrings


def test_the_only_key_of_a_purpose_is_current() -> None:
    ring = Keyring([key("a"), key("b", purpose="control")])
    assert ring.current() is ring.find("a")
    assert ring.current("control") is ring.find("b")
    assert ring.find("c") is None
    assert len(ring) == 2


def test_of_several_keys_one_is_named() -> None:
    keys = [key("a"), key("b")]
    assert Keyring(keys, {"work": "b"}).current().id == "b"
    with pytest.raises(OptionError, match=r"a current key for 'work', got: \['a', 'b'\]"):
        Keyring(keys).current()
    with pytest.raises(OptionError, match="a current key for 'control', got: 'no key'"):
        Keyring(keys).current("control")


def test_impossible_keyrings_are_refused() -> None:
    with pytest.raises(OptionError, match="each id once, got: 'a'"):
        Keyring([key("a"), key("a")])
    with pytest.raises(OptionError, match="one of 'a'"):
        Keyring([key("a"), key("b", purpose="control")], {"work": "b"})
    with pytest.raises(OptionError, match="keys: expected keys"):
        Keyring(["a"])  # type: ignore[list-item]


def test_a_rotation_has_no_gap() -> None:
    old, new = key("old"), Key("new", "n" * 40, ["shop"])
    before, both = Keyring([old]), Keyring([old, new], {"work": "old"})
    switched, after = Keyring([old, new], {"work": "new"}), Keyring([new])
    for sender, receivers in (
        (before, (before, both)),
        (both, (both, switched)),
        (switched, (both, switched, after)),
    ):
        sent = pack(envelope(), "x", "k", sender.current())
        for receiver in receivers:
            assert fault(sent, WORK, keyring=receiver, now=NOW) == "accepted"
    assert fault(pack(envelope(), "x", "k", before.current()), keyring=after) == "unknown_key"
