"""The documents run: every Python block is a program, and the text block behind it is what it prints."""

import asyncio
import contextlib
import io
import logging
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from cybernetic.core.events import _registry
from cybernetic.testing import run
from tests.architecture.tree import ROOT

BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\s*^```text\n(?P<text>.*?)^```\n)?", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


EXCERPT = re.compile(r"\s*# (examples/\w+\.py)\n")  # begins a block that is part of an example
PROCESSES = ("archive.py", "crew.py")  # tests/integration runs these, with processes and brokers


class Program(NamedTuple):
    """One block of one document."""

    name: str
    code: str
    prints: str | None


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def programs() -> list[Program]:
    found = []
    for document in documents():
        text = document.read_text()
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            code = "\n" * (line - 1) + match["code"]  # so that an error names the document's line
            found.append(Program(f"{document.relative_to(ROOT)}:{line}", code, match["text"]))
    return found


WHOLE = [program for program in programs() if not EXCERPT.match(program.code)]
EXCERPTS = [program for program in programs() if EXCERPT.match(program.code)]


@pytest.mark.parametrize("program", EXCERPTS, ids=lambda program: program.name)
def test_the_excerpt_is_in_the_example(program: Program) -> None:
    match = EXCERPT.match(program.code)
    assert match is not None
    assert program.code[match.end() :].strip() in (ROOT / match[1]).read_text()


@pytest.mark.parametrize("program", WHOLE, ids=lambda program: program.name)
def test_the_program_runs_and_prints_what_the_document_says(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "run", run)  # on virtual time
    monkeypatch.setattr(logging.getLogger("cybernetic"), "propagate", False)
    monkeypatch.setattr(logging.getLogger("cybernetic"), "handlers", [logging.NullHandler()])
    for heard in _registry.values():  # what a program listens to is no business of the next one
        monkeypatch.setattr(heard, "listeners", list(heard.listeners))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program.code, program.name, "exec"), {"__name__": "__main__"})
    if program.prints is not None:
        assert printed.getvalue() == program.prints


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    broken = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert not broken


def test_the_first_example_is_the_readmes() -> None:
    example = (ROOT / "examples" / "counter.py").read_text()
    shown = programs()[0].code.strip().removesuffix("asyncio.run(main())")
    assert shown in example


@pytest.mark.parametrize(
    "example",
    [path for path in sorted((ROOT / "examples").glob("*.py")) if path.name not in PROCESSES],
    ids=lambda path: path.name,
)
def test_the_example_runs(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(example.name, example.read_text(), None)
    test_the_program_runs_and_prints_what_the_document_says(program, monkeypatch)


def test_there_are_programs() -> None:
    assert programs()
