"""Records as GraphML: things are nodes, assertions are edges that carry what was said and by whom.

A word stands for a value as in patterns: a number, true, false or a text in quotes in JSON, else the text it is.
Format: http://graphml.graphdrawing.org/primer/graphml-primer.html
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from cybernetic.core import OptionError
from cybernetic.state.graph.patterns import spelled, typed
from cybernetic.state.graph.records import ESCAPED, Record, checked_record
from cybernetic.state.graph.terms import LONGEST_TEXT

LONGEST_DATA = ESCAPED * LONGEST_TEXT + 2  # characters, with its quotes
_TEXTS = ("predicate", "who", "cause")
_REST = ("at", "confidence", "until", "change")
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="value" for="node" attr.name="value" attr.type="string"/>
<key id="predicate" for="edge" attr.name="predicate" attr.type="string"/>
<key id="who" for="edge" attr.name="who" attr.type="string"/>
<key id="at" for="edge" attr.name="at" attr.type="string"/>
<key id="cause" for="edge" attr.name="cause" attr.type="string"/>
<key id="confidence" for="edge" attr.name="confidence" attr.type="double"/>
<key id="until" for="edge" attr.name="until" attr.type="double"/>
<key id="change" for="edge" attr.name="change" attr.type="string"/>
<graph edgedefault="directed">
"""
_TAIL = "</graph>\n</graphml>\n"
_UNSAFE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML drops it, or changes it


def write_graphml(records: Iterable[Record]) -> Iterator[str]:
    """A document of records, in pieces."""
    yield _HEAD
    numbers: dict[str, int] = {}
    for record in records:
        ends = []
        for end in ("subject", "object"):
            word = _word(record[end])
            if word not in numbers:
                numbers[word] = len(numbers)
                yield f'<node id="n{numbers[word]}">{_data("value", word)}</node>\n'
            ends.append(numbers[word])
        data = [_data(name, _word(record[name])) for name in _TEXTS if name in record]
        data += [_data(name, json.dumps(record[name])) for name in _REST if name in record]
        yield f'<edge source="n{ends[0]}" target="n{ends[1]}">{"".join(data)}</edge>\n'
    yield _TAIL


def read_graphml(pieces: Iterable[bytes], now: float | None = None) -> Iterator[Record]:
    """The records of a document that comes in pieces, lazily. `now` as for `read_lines`.

    Of documents written elsewhere: a node without `value` stands for its id, and an edge may have a `label` in place
    of a `predicate`; all other data are passed over. Nodes must come before the edges that join them.

    Raises:
        OptionError: what comes is no XML, has a document type (which might swell), or an edge that says nothing a
            graph would take; the line is named.
    """
    reader = _Reader(now)
    for piece in pieces:
        reader.feed(piece)
        yield from reader.take()
    reader.feed(b"", last=True)
    yield from reader.take()


def _word(value: Any) -> str:
    word = spelled(value)
    return json.dumps(value) if _UNSAFE.search(word) else word


def _data(key: str, word: str) -> str:
    return f'<data key="{key}">{escape(word)}</data>'


class _Reader:
    """Takes the pieces of a document, and gives the records of the edges that have ended."""

    def __init__(self, now: float | None) -> None:
        self._now = now
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self._text, self._doctype
        self._names: dict[str, str] = {}  # of data, by key
        self._nodes: dict[str, Any] = {}
        self._of: dict[str, str] = {}  # the attributes of the node or edge that is open
        self._data: dict[str, str] = {}
        self._key: str | None = None
        self._words: list[str] = []
        self._length = 0
        self._records: list[Record] = []

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise OptionError("document", "GraphML", str(error)) from None

    def take(self) -> list[Record]:
        found, self._records = self._records, []
        return found

    def _doctype(self, *_: Any) -> None:
        raise self._wrong("a document without a document type", "one with it")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match _local(tag):
            case "key":
                self._names[attributes.get("id", "")] = attributes.get("attr.name", "")
            case "graph" if attributes.get("edgedefault") == "undirected":
                raise self._wrong("a directed graph", "an undirected one")
            case "node" | "edge":
                self._of, self._data = attributes, {}
            case "data":
                key = attributes.get("key", "")
                self._key, self._words, self._length = self._names.get(key, key), [], 0

    def _text(self, text: str) -> None:
        if self._key is not None:
            self._words.append(text)
            self._length += len(text)
            if self._length > LONGEST_DATA:
                raise self._wrong(f"data of at most {LONGEST_DATA} characters", "more")

    def _end(self, tag: str) -> None:
        match _local(tag):
            case "data" if self._key is not None:
                self._data[self._key], self._key = "".join(self._words), None
            case "node":
                id = self._attribute("id")
                self._nodes[id] = typed(self._data["value"]) if "value" in self._data else id
            case "edge":
                self._records.append(self._edge())

    def _edge(self) -> Record:
        data = self._data
        record: Record = {"subject": self._node("source"), "object": self._node("target")}
        data.setdefault("predicate", data.get("label", ""))
        record |= {name: _as_text(data[name]) for name in _TEXTS if name in data}
        for name in _REST:
            if name in data:
                record[name] = _from_json(data[name])
        return checked_record(f"line {self._parser.CurrentLineNumber}", record, self._now)

    def _node(self, end: str) -> Any:
        id = self._attribute(end)
        if id not in self._nodes:
            raise self._wrong("an edge between nodes that came before it", f"{end} {id!r}")
        return self._nodes[id]

    def _attribute(self, name: str) -> str:
        if name not in self._of:
            raise self._wrong(f"an attribute {name}", "none")
        return self._of[name]

    def _wrong(self, expected: str, got: str) -> OptionError:
        return OptionError(f"line {self._parser.CurrentLineNumber}", expected, got)


def _from_json(word: str) -> Any:
    """What a word says in JSON; the word itself where it says nothing, for its reader to refuse."""
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        return word


def _as_text(word: str) -> str:
    found = typed(word)
    return found if isinstance(found, str) else word


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]
