"""Digests: what was asked and what came, as short texts that are equal where these were."""

import hashlib
from collections.abc import Mapping


def digest(*values: object) -> str:
    """A digest of values by how they are written (`repr`), 16 hexadecimal digits."""
    return hashlib.blake2b(repr(values).encode("utf-8", "replace"), digest_size=8).hexdigest()


def call_digest(port: str, function: object, args: tuple[object, ...], keywords: Mapping[str, object]) -> str:
    """A digest of a call: the port, the function's name and the arguments."""
    name = getattr(function, "__qualname__", None)
    return digest(port, repr(function) if name is None else name, args, sorted(keywords.items()))
