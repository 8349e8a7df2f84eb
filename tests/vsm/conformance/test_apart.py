"""Simulations are apart: each begins with empty books, leaves nothing behind, and needs no other process."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic.state.store.writer import Writer
from cybernetic.supervision import Limits
from cybernetic.testing.vsm import conformance, run
from cybernetic.vsm import Audit, Budget, Cost, Operation, Outcome, Port, Quota, Task, ViableSystem, unit
from cybernetic.vsm.recursion.blueprint import class_at, place_of_class


async def tool(what: Any) -> Any:
    """Nothing to it."""
    return what


class Worker(Operation):
    """One use of the tool."""

    async def handle(self, task: Task) -> Outcome:
        """And its receipt."""
        used = await self.use("tool", tool, task.id, upper=Cost(usd=0.01))
        return Outcome(used.value, evidence=[used.receipt])


KEPT: list[tuple[str, str | None]] = []


class Inner(ViableSystem):
    """A level within."""

    def units(self) -> list[Any]:
        """Two."""
        KEPT.append(("inner", self.data))
        return [unit(Worker, id=f"w{n}", floor=0.2) for n in range(2)]


class Outer(ViableSystem):
    """A level within it, and a worker of its own."""

    budget = Budget(usd=10, per=3600)
    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        KEPT.append(("outer", self.data))
        return [unit(self.within, id="inner", floor=0.4), unit(Worker, id="own", floor=0.2)]

    within: ClassVar[type[ViableSystem]] = Inner


def _kept(folder: Path) -> type[ViableSystem]:
    """One whose levels keep what lasts in folders of their user's."""
    inner = type("Inner", (Inner,), {"data": str(folder / "inner"), "__module__": __name__})
    declared = {"data": str(folder / "outer"), "within": inner, "__module__": __name__}
    return type("Outer", (Outer,), declared)


async def _jobs(company: Any, chance: Any) -> None:
    for n in range(20):
        await company.submit(Task("job", id=f"t{n}"))


def test_the_suite_leaves_a_users_books_alone_and_inherits_nothing_from_itself(tmp_path: Path) -> None:
    asked = ["T-S3-expiry", "T-S5-monotone", "T-CH-isolation"]
    for _ in range(2):
        conformance(_kept(tmp_path), only=asked).check()
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_gives_the_same_hour_of_a_system_whose_books_last(tmp_path: Path) -> None:
    hours = [run(_kept(tmp_path), hours=0.03, work=_jobs, without={"s3"}) for _ in range(2)]
    assert hours[0].hash == hours[1].hash
    assert hours[0].pages == hours[1].pages != ()
    assert hours[0].good == len(hours[0].tasks) == 20
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of which level the disk takes its time."""
    of, write = [""], Writer._write

    def written(writer: Any, work: Any) -> Any:
        if Path(writer._path).stem.endswith(of[0]):
            sum(range(100_000))
        return write(writer, work)

    monkeypatch.setattr(Writer, "_write", written)
    return of


def test_the_same_seed_gives_the_same_hour_whichever_disk_answers_first(
    slow: list[str], tmp_path: Path
) -> None:
    strict = {"audit": Audit(probability=1, verify=lambda _: False), "__module__": __name__}
    found, log = set[str](), list[Any]()
    for slow[0] in ("inner", "outer", "none"):
        hour = run(type("Outer", (_kept(tmp_path),), strict), hours=0.01, work=_jobs)
        found.add(hour.hash)
        log = [(one.kind, one.root, one.cause) for one in hour.log["outer"]]
    assert len(found) == 1
    assert log[0][:2] == ("finding", "t0")
    assert log[0][2]  # the id of a note, counted


def test_what_lasts_is_in_a_directory_of_the_simulation_while_it_lasts(tmp_path: Path) -> None:
    found: list[set[str]] = []

    async def work(company: Any, chance: Any) -> None:
        found.append({file.name for file in Path(KEPT[-1][1] or "").iterdir() if file.suffix == ".books"})

    KEPT.clear()
    run(_kept(tmp_path), hours=0.001, work=work)
    assert {level for level, _ in KEPT} == {"outer", "inner"}
    folders = {folder for _, folder in KEPT}
    assert len(folders) == 1
    assert {"outer.books", "outer%2Finner.books", "outer%2Finner%2Fw0.books"} <= found[0]
    assert not any(Path(folder or "").exists() for folder in folders)


def test_a_level_that_keeps_nothing_keeps_nothing_in_a_simulation_either() -> None:
    KEPT.clear()
    run(Outer, hours=0.001)
    assert set(KEPT) == {("outer", None), ("inner", None)}


class Told(Outer):
    """Is told where its folder is."""

    def __init__(self, folder: str) -> None:
        self.data = folder  # type: ignore[misc]


def test_so_it_is_where_a_system_is_told_its_directory(tmp_path: Path) -> None:
    KEPT.clear()
    run(Told, str(tmp_path / "told"), hours=0.001)
    assert set(KEPT) == {("outer", folder) for _, folder in KEPT if folder} | {("inner", None)}
    assert list(tmp_path.iterdir()) == []


class Nest(ViableSystem):
    """Itself again, so many times."""

    ports: ClassVar[Any] = {"tool": Port()}

    def __init__(self, *, depth: int) -> None:
        self._depth = depth

    def units(self) -> list[Any]:
        """One."""
        KEPT.append((f"{self._depth}", self.data))
        if self._depth:
            return [unit(partial(type(self), depth=self._depth - 1), id="in")]
        return [unit(Worker, id="last")]


class Nested(ViableSystem):
    """Around it."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """One, by its keyword arguments."""
        return [unit(partial(Nest, depth=2), id="in")]


def test_levels_are_apart_however_they_are_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Nest, "data", str(tmp_path / "nest"))
    KEPT.clear()
    hour = run(Nested, hours=0.01, work=_jobs)
    assert hour.good == 20
    assert set(hour.levels) == {"nested", "nested/in", "nested/in/in", "nested/in/in/in"}
    assert [depth for depth, _ in KEPT] == ["2", "1", "0"]
    assert list(tmp_path.iterdir()) == []


def test_the_users_class_is_found_by_its_name_afterwards(tmp_path: Path) -> None:
    outer = _kept(tmp_path)
    places = {place_of_class(cls): cls for cls in (outer, outer.within)}  # type: ignore[attr-defined]
    run(outer, hours=0.001)
    assert {place: class_at(place) for place in places} == places


class Alone(ViableSystem):
    """A level with units of processes and nodes of their own."""

    def units(self) -> list[Any]:
        """Three."""
        return [
            unit(Worker, id="isolated", isolate=Limits(memory=2**28)),
            unit(Worker, id="placed", node="worker-1", quota=Quota(memory=2**28)),
            unit(Worker, id="able", requires={"gpu": True}),
        ]


class Scattered(ViableSystem):
    """That level in a process of its own, and a worker in one."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Alone, id="alone", isolate=True), unit(Worker, id="own", isolate=True)]


def test_units_of_other_processes_and_nodes_are_asked_and_live_in_this_one() -> None:
    found = conformance(Scattered, only=["T-S1-evidence", "T-SHAPE-alone", "T-S5-monotone"])
    found.check()
    assert {one.path for one in found.found if one.holds} == {"scattered", "scattered/alone"}
    assert run(Scattered, hours=0.01, work=_jobs).good == 20


def test_nothing_is_left_of_the_directory_where_a_simulation_fails(tmp_path: Path) -> None:
    async def fails(company: Any, chance: Any) -> None:
        raise LookupError("as told")

    KEPT.clear()
    with pytest.raises(LookupError):
        run(_kept(tmp_path), hours=0.01, work=fails)
    assert KEPT
    assert not any(Path(folder or "").exists() for _, folder in KEPT)


class Coloured(ViableSystem):
    """Whoever subclasses it says in which colour."""

    ports: ClassVar[Any] = {"tool": Port()}
    colour: ClassVar[str] = ""

    def __init_subclass__(cls, *, colour: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.colour = colour

    def units(self) -> list[Any]:
        """One."""
        assert self.colour == "red"
        return [unit(Worker, id="w")]


class Red(Coloured, colour="red"):
    """Red."""


class Numbered(Red, colour="red"):
    """Whoever subclasses it may say which number."""

    number: ClassVar[int] = 0

    def __init_subclass__(cls, *, number: int = 1, **kwargs: Any) -> None:
        super().__init_subclass__(colour="red", **kwargs)
        cls.number = number


class Seventh(Numbered, number=7):
    """The seventh, around a red one."""

    def units(self) -> list[Any]:
        """Two."""
        assert self.number == 7
        return [unit(Worker, id="w"), unit(Red, id="red")]


@pytest.mark.parametrize("cls", [Red, Seventh])
def test_what_a_class_does_with_keywords_of_its_subclasses_is_done_once(cls: Any) -> None:
    found = run(cls, hours=0.01, work=_jobs)
    assert found.good == len(found.tasks) == 20
    conformance(cls, only=["T-ALG-once"]).check()
