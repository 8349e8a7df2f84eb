"""What AMQP can carry: headers are checked, and copied, so that nobody changes a message that is on its way."""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from math import inf
from typing import Any

from cybernetic.core import OptionError, whole
from cybernetic.gateways.broker.messages import Header, Message
from cybernetic.gateways.broker.topology import short

MID = "x-mid"  # the header in which a message's stable id travels
COUNT = "x-delivery-count"
BODY = 134_217_728  # bytes: RabbitMQ's limit
DEPTH = 32  # how deep lists and mappings may nest
INTEGERS = range(-(1 << 63), 1 << 63)

SIMPLE = frozenset((str, int, float, bool, type(None)))  # types whose values nobody can change
EXPECTED = "text, a whole number of 64 bits, a float, a bool, None, or a list or mapping of these"


def sendable(message: Message) -> Message:
    """The message as it travels, sharing nothing that can change. Raises `OptionError` naming what does not fit."""
    if len(message.body) > BODY:
        raise OptionError("body", f"at most {BODY} bytes", len(message.body))
    if message.priority is not None and whole("priority", message.priority) > 255:
        raise OptionError("priority", "an integer from 0 to 255", message.priority)
    if message.timestamp is not None:
        whole("timestamp", message.timestamp, most=inf)
    for name in ("id", "type", "content_type", "content_encoding", "correlation_id", "reply_to", "app_id"):
        if value := getattr(message, name):
            short(name, value)
    if not message.headers:
        return message
    return _with(message, {_name(name): copied(name, value) for name, value in message.headers.items()})


def copied(name: str, value: object, depth: int = 0) -> Header:
    """A header's value, or one inside it, as a copy. Raises `OptionError`."""
    if isinstance(value, str) and (value.isascii() or _encodes(value)):
        return value
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and value in INTEGERS):
        return value
    if depth < DEPTH and isinstance(value, list):
        return [copied(name, each, depth + 1) for each in value]
    if depth < DEPTH and isinstance(value, Mapping):
        return {_name(key): copied(name, each, depth + 1) for key, each in value.items()}
    raise OptionError(f"header {name!r}", EXPECTED, value)


def received(message: Message, returns: int, counted: bool) -> Message:
    """The message as a consumer gets it: its own copy, with the header `x-delivery-count` where that is told."""
    counted = counted and returns > 0
    if not message.headers and not counted:
        return message
    headers = {
        name: value if type(value) in SIMPLE else copied(name, value)
        for name, value in message.headers.items()
    }
    if counted:
        headers[COUNT] = returns
    return _with(message, headers)


# `dataclasses.replace` would check everything again, and cost three times as much.
_FIELDS: tuple[Any, ...] = tuple(getattr(Message, field.name) for field in fields(Message))
_HEADERS: Any = Message.__dict__["headers"]
_ID: Any = Message.__dict__["id"]


def _with(message: Message, headers: dict[str, Header]) -> Message:
    """The message with these headers, and the id that they say."""
    made = object.__new__(Message)
    for field in _FIELDS:
        field.__set__(made, field.__get__(message))
    _HEADERS.__set__(made, headers)
    if MID in headers:
        _ID.__set__(made, str(headers[MID]))
    return made


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    if not isinstance(name, str) or not _encodes(name):
        raise OptionError("header", "a name that is text", name)
    return short("header", name)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
