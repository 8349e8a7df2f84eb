"""`cybernetic graph`: the command, with a real graph behind it and no socket in between."""

import asyncio
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, System
from cybernetic.apps import main
from cybernetic.apps.commands import graph as command
from cybernetic.apps.commands import graph_files as files
from cybernetic.apps.control.ask import ask
from cybernetic.apps.control.client import ControlError
from cybernetic.apps.control.lines import line, parse
from cybernetic.apps.control.survey import Survey
from cybernetic.core import CyberneticError
from cybernetic.state import Graph
from cybernetic.state.graph.exports import PAGE
from cybernetic.testing import VirtualTimeLoop


class Line:
    """Takes the place of the control socket: a question and its answer go through the same text."""

    runner: asyncio.Runner
    system: Any

    def __init__(self, path: Any) -> None:
        self.path = path

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def ask(self, do: str, timeout: float, **request: Any) -> Any:
        asked = parse(line({"do": do, **request}))
        work = Survey(self.system).take() if do == "tree" else ask(self.system, asked)
        try:
            return parse(line({"ok": self.runner.run(work)}))["ok"]
        except CyberneticError as error:
            raise ControlError(f"{type(error).__name__}: {error}") from None


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system with two graphs, `world` and `other`."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        system = System()
        runner.run(system.__aenter__())
        for name in ("world", "other"):
            runner.run(_start(system, name))
        runner.run(_start(system, "clerk", Agent))
        monkeypatch.setattr(Line, "runner", runner, raising=False)
        monkeypatch.setattr(Line, "system", system, raising=False)
        monkeypatch.setattr(command, "Client", Line)
        monkeypatch.setattr(command, "find", Line)
        yield
        runner.run(system.__aexit__(None, None, None))


async def _start(system: Any, name: str, cls: Any = None) -> None:
    if cls is None:
        system.spawn(Graph, name, name=name)
    else:
        system.spawn(cls, name=name)
    await system.drain()


LINES = [
    {
        "subject": "ann",
        "predicate": "knows",
        "object": "bob",
        "who": "clerk",
        "confidence": 0.5,
        "cause": "é",
    },
    {"subject": "bob", "predicate": "age", "object": 5},
    {"subject": "bob", "predicate": "is", "object": True, "who": "clerk"},
]


def load(monkeypatch: pytest.MonkeyPatch, text: str, *words: str) -> int:
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    return main(["graph", "import", "world", "-", *words])


@pytest.fixture
def filled(graphs: None, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert load(monkeypatch, "".join(json.dumps(one) + "\n" for one in LINES), "--who", "nurse") == 0
    assert "3 assertions read, 3 of them new" in capsys.readouterr().err


def run(capsys: Any, *words: str) -> tuple[int, str, str]:
    status = main(["graph", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_query_shows_a_table_or_lines(filled: None, capsys: Any) -> None:
    status, out, _ = run(capsys, "query", "world", "?who knows ?friend", "?friend age ?n")
    assert status == 0
    assert [text.split() for text in out.splitlines()] == [["who", "friend", "n"], ["ann", "bob", "5"]]
    _, out, _ = run(capsys, "query", "world", "bob ?p ?o", "--json")
    rows = [json.loads(text) for text in out.splitlines()]
    assert sorted(rows, key=str) == [{"p": "age", "o": 5}, {"p": "is", "o": True}]


def test_a_query_without_variables_is_a_question(filled: None, capsys: Any) -> None:
    assert run(capsys, "query", "world", "bob age 5")[:2] == (0, "yes\n")
    assert run(capsys, "query", "world", """bob age '"5"'""")[:2] == (0, "no answers\n")


def test_what_is_left_out_is_said(filled: None, capsys: Any) -> None:
    _, _, err = run(capsys, "query", "world", "?s ?p ?o", "--limit", "2")
    assert "more than these 2 answers" in err


@pytest.mark.parametrize("name", ["facts.jsonl", "facts.graphml"])
def test_an_export_is_imported_with_its_provenance(
    name: str, filled: None, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / name
    status, out, err = run(capsys, "export", "world", str(path))
    assert (status, out) == (0, "")
    assert f"3 assertions written to {path}" in err
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert path.read_text().startswith("<?xml" if "graphml" in name else "{")
    assert "3 of them new" in run(capsys, "import", "other", str(path))[2]
    assert "0 of them new" in run(capsys, "import", "other", str(path))[2]
    told = [run(capsys, "export", graph)[1] for graph in ("world", "other")]
    records = [sorted(map(json.loads, text.splitlines()), key=str) for text in told]
    for one in (one for some in records for one in some):
        assert len(one.pop("change")) == 2  # it has another name in each graph
    assert sorted(records[0], key=str) == sorted(records[1], key=str)
    assert {(one["subject"], one["who"], one.get("cause")) for one in records[0]} == {
        ("ann", "clerk", "é"),
        ("bob", "nurse", None),
        ("bob", "clerk", None),
    }


def test_many_go_out_and_in_by_pages(graphs: None, monkeypatch: Any, tmp_path: Path, capsys: Any) -> None:
    count = 2 * PAGE + 3
    text = "".join(
        json.dumps({"subject": f"s{n}", "predicate": "p", "object": n}) + "\n" for n in range(count)
    )
    assert load(monkeypatch, text) == 0
    path = tmp_path / "facts"
    run(capsys, "export", "world", str(path), "--format", "graphml")
    _, _, err = run(capsys, "import", "other", str(path), "--format", "graphml")
    assert f"{count} assertions read, {count} of them new" in err


def test_no_call_carries_more_than_it_may() -> None:
    long = [{"subject": "s", "object": "o" * 100_000}] * 12
    assert [len(batch) for batch in files.batches(long)] == [4, 4, 4]
    assert [len(batch) for batch in files.batches([{}] * 450)] == [200, 200, 50]
    assert list(files.batches([])) == []


GOOD = json.dumps(LINES[0]) + "\n"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("{\n", "line 251: expected an object in JSON"),
        ('{"subject": "x", "predicate": "", "object": 1}', "line 251: predicate: expected a text"),
        ('{"subject": "x", "predicate": "\\ud800", "object": 1}', "line 251: predicate: expected a text"),
        ('{"subject": "x", "predicate": "p", "object": 1, "at": [99999999999999, 0, "n"]}', "line 251: at: "),
    ],
)
def test_a_file_with_something_wrong_in_it_is_refused_whole(
    wrong: str, says: str, graphs: None, monkeypatch: Any, capsys: Any
) -> None:
    assert load(monkeypatch, GOOD * 250 + wrong) == 1
    assert says in capsys.readouterr().err
    assert run(capsys, "query", "world", "?s ?p ?o")[1] == "no answers\n"


@pytest.mark.parametrize("error", [ControlError("gone"), KeyboardInterrupt()])
def test_an_import_that_breaks_off_says_what_is_in(
    error: BaseException, graphs: None, monkeypatch: Any, capsys: Any
) -> None:
    asked, calls = Line.ask, iter([None, error])

    def ask_once(self: Line, *args: Any, **keywords: Any) -> Any:
        wrong = next(calls)
        if wrong is not None:
            raise wrong
        return asked(self, *args, **keywords)

    monkeypatch.setattr(Line, "ask", ask_once)
    text = "".join(json.dumps(LINES[1] | {"object": n}) + "\n" for n in range(250))
    assert load(monkeypatch, text) == (1 if isinstance(error, ControlError) else 130)
    assert "200 of 250 assertions are in" in capsys.readouterr().err
    monkeypatch.setattr(Line, "ask", asked)
    assert load(monkeypatch, text) == 0
    assert "250 assertions read, 50 of them new" in capsys.readouterr().err


def test_what_was_removed_since_an_export_stays_so_unless_it_is_wanted_again(
    filled: None, tmp_path: Path, capsys: Any
) -> None:
    path = str(tmp_path / "facts")
    run(capsys, "export", "world", path)
    Line("").ask("call", 1, name="world", method="remove", args=["bob", "age", 5], kwargs={"by": "me"})
    err = run(capsys, "import", "world", path)[2]
    assert "3 assertions read, 0 of them new" in err
    assert "1 assertion left out: ended since; --again says again what was removed" in err
    assert run(capsys, "query", "world", "bob age 5")[1] == "no answers\n"
    assert "1 of them new" in run(capsys, "import", "world", path, "--again")[2]
    assert run(capsys, "query", "world", "bob age 5")[1] == "yes\n"


def test_what_comes_through_a_pipe_is_read_twice_and_known_by_how_it_begins(
    filled: None, monkeypatch: Any, capsys: Any
) -> None:
    document = run(capsys, "export", "world", "--format", "graphml")[1]
    out, into = os.pipe()
    os.write(into, document.encode())
    os.close(into)
    with os.fdopen(out) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "3 assertions read, 3 of them new" in run(capsys, "import", "other", "-")[2]


def test_how_far_it_is_is_shown_at_a_terminal_alone(
    filled: None, monkeypatch: Any, tmp_path: Path, capsys: Any
) -> None:
    path = str(tmp_path / "facts")
    assert run(capsys, "export", "world", path)[2].count("\n") == 1
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "3/3" in run(capsys, "import", "other", path)[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["query", "worlt", "a b c"],
            "expected the name of a graph, got: 'worlt', did you mean world?; there are other, world",
        ),
        (["query", "clerk", "a b c"], "expected the name of a graph, got: 'clerk'; there are other, world"),
        (["query", "world", "a b"], "GraphRefused: pattern: expected three words"),
        (["import", "world", "/nowhere/facts"], "expected a file that can be read"),
        (["export", "world", "/nowhere/facts"], "expected a file that can be written"),
    ],
)
def test_what_cannot_be_is_said(graphs: None, words: list[str], says: str, capsys: Any) -> None:
    status, _, err = run(capsys, *words)
    assert status == 1
    assert says in err


def test_an_export_that_fails_leaves_the_old_file(
    filled: None, monkeypatch: Any, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "facts"
    path.write_text("old")

    def fail(*_: Any, **__: Any) -> Any:
        raise ControlError("gone")

    monkeypatch.setattr(Line, "ask", fail)
    assert run(capsys, "export", "world", str(path))[0] == 1
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]
