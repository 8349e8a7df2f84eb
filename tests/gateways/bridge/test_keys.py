"""Routing keys of levels: one for each path, and nobody's pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.gateways import Bridge
from cybernetic.gateways.bridge.keys import MOST, key

WORDS = st.lists(
    st.text("ab.*#%/é ", min_size=1, max_size=4).filter(lambda w: "/" not in w), min_size=1, max_size=4
)


def test_a_path_is_its_words() -> None:
    assert key("message", "shop/till") == "message.shop.till"
    assert key("message", "shop/v1.2/*#%") == "message.shop.v1%2E2.%2A%23%25"


@given(WORDS)
def test_a_key_has_a_word_for_each_of_the_path_and_no_wildcards(words: list[str]) -> None:
    made = key("beat", "/".join(words))
    assert len(made.split(".")) == 1 + len(words)
    assert not set(made) & set("*#")


@given(WORDS, WORDS)
def test_two_paths_never_have_one_key(one: list[str], other: list[str]) -> None:
    assert (key("beat", "/".join(one)) == key("beat", "/".join(other))) == (one == other)


def test_a_key_that_is_too_long_is_refused_where_the_bridge_is_declared() -> None:
    fits = "a" * (MOST - len("message."))
    assert len(key("message", fits)) == MOST
    Bridge(fits, {})
    with pytest.raises(OptionError, match="at most 255 bytes"):
        Bridge(fits + "a", {})
    with pytest.raises(OptionError, match="at most 255 bytes"):
        Bridge("shop", {"shop/" + "é" * 50: "far"})
