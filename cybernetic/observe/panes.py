"""The parts of the operations room: each a function from what is seen to its lines."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from rich.cells import cell_len
from rich.text import Text

from cybernetic.observe.canvas import Block, Pane, row
from cybernetic.observe.look import BAD, FAINT, GOOD, STRONG, WATCH, Look, figure, reading, short, span
from cybernetic.observe.recollection import gathered
from cybernetic.observe.telling import spoken
from cybernetic.observe.views import NEVER, Alarm, Figure, Flow, Forecast, LevelView, Panorama

Clock = Callable[[float], str]
Trends = Mapping[str, Sequence[float]]

BAR = 40  # cells of a bar, at most
WORST = ("discrepant", "verifier suspect", NEVER, "clean")


def work(seen: Panorama, look: Look, width: int, *, within: bool = True) -> Pane:
    """Quantified flow: what is in hand and what is finished, a unit a line; with the units of levels within."""
    most = max((flow.load for level in seen.levels for flow in level.flows), default=1) or 1
    most = max(most, max((flow.load for flow in seen.top.flows), default=1))
    lines = []
    inner = {level.path: level for level in seen.levels}
    for flow in seen.top.flows:
        lines.append(_flow(seen, seen.top, flow, most, look, width, ""))
        if within and flow.unit in inner:
            level = inner[flow.unit]
            lines += [_flow(seen, level, one, most, look, width, "  ") for one in level.flows]
    return Pane("work", f"{'in hand':>8} {'done':>6} audits", lines)


def _flow(
    seen: Panorama, level: LevelView, flow: Flow, most: int, look: Look, width: int, indent: str
) -> Text:
    standing = _standing(seen, level, flow.unit)
    word = standing.rpartition(" ")[2] if width >= 48 else ""
    name = Text(f"{indent}{short(flow.unit)}", "" if indent else STRONG)
    mark = Text.assemble(_mark(standing, look), f" {word}".rstrip())
    bar = max(4, min(BAR, width - 28 - (12 if word else 1)))
    return row(
        look,
        (name, 13),
        (look.bar(flow.load / most, bar), bar),
        (figure(flow.load), -5),
        (figure(flow.finished, look.none), -6),
        (mark, 12 if word else 1),
    )


def _standing(seen: Panorama, level: LevelView, unit: str) -> str:
    """What audits say: of a unit that is a level itself also what is said within it, where that is bad."""
    own = level.standing(unit)
    inner = next((one for one in seen.levels if one.path == unit), None)
    if inner is None:
        return own
    within = [inner.standing(one) for one in inner.units] or [NEVER]
    worst = min(within, key=_rank)
    return own if (own != NEVER and _rank(own) <= _rank(worst)) or worst == NEVER else worst


def _rank(standing: str) -> int:
    return WORST.index(standing) if standing in WORST else 0


def _mark(standing: str, look: Look) -> Text:
    if standing == "clean":
        return look.good
    return look.unknown if standing == NEVER else look.bad


def indices(seen: Panorama, look: Look, width: int) -> Pane:
    """What each unit achieves, could, and might, and the course it is on."""
    lines = [_index(one, look, width) for one in gathered(seen)]
    if not lines:
        lines = [Text("nothing is measured yet", FAINT)]
    return Pane("indices", "is|could|might course", lines)


def _index(one: Figure, look: Look, width: int) -> Text:
    course = Text(look.none, FAINT)
    if one.regime:
        word = {"steady": "steady", "transient": "spike"}.get(one.regime)
        if word is None:
            word = "better" if one.better else "worse"
        course = Text(word, {"better": GOOD, "worse": WATCH}.get(word, FAINT))
    if one.out:
        course = Text.assemble(look.bad, (" out", BAD))
    room = max(8, width - 22)
    return row(
        look,
        (_named(one, room), room),
        (reading(one.actuality, look.none), -4),
        (Text(reading(one.capability, look.none), FAINT), -4),
        (Text(reading(one.potentiality, look.none), FAINT), -4),
        (course, 6),
    )


def _named(one: Figure, room: int) -> str:
    """The unit and its index; where both are too long the unit is cut first."""
    unit = short(one.unit)
    return f"{unit[: max(3, room - len(one.index) - 1)]}.{one.index}"


def ladder(seen: Panorama, look: Look, width: int) -> Pane:
    """What hurts, how far up it has come, who has it, and how long until it climbs; and what is silent."""
    lines: Block = []
    silent = [f"{short(level.path)} {part}" for level in seen.levels for part in level.silent]
    if silent:
        lines.append(Text.assemble(look.watch, f" silent: {', '.join(silent)}"))
    for alarm in seen.alarms:
        head = f" {short(alarm.path)} {alarm.index}"
        lines.append(Text.assemble(look.bad, (head, STRONG), (f" {alarm.cause}", FAINT)))
        lines.append(_climb(alarm, seen.at, look, width))
    if not lines:
        lines.append(Text.assemble(look.good, " nothing hurts"))
    for level in seen.levels:
        for grip in level.grips:
            left = f" {span(grip.until - seen.at)}" if grip.until - seen.at < 86_400 else ""
            lines.append(
                Text.assemble(look.watch, f" {short(grip.unit)} {grip.rung}{left}", (f" {grip.why}", FAINT))
            )
    return Pane("what hurts", "who has it, until when", lines)


def _climb(alarm: Alarm, now: float, look: Look, width: int) -> Text:
    """The rungs; those that were passed only where there is room."""
    line = _rungs(alarm, 0, now, look)
    return line if cell_len(line.plain) <= width else _rungs(alarm, alarm.level, now, look)


def _rungs(alarm: Alarm, first: int, now: float, look: Look) -> Text:
    line = Text("  ")
    for number, rung in enumerate(alarm.rungs[first:], first):
        if number > first:
            line.append(f" {look.arrow} ", FAINT)
        if number != alarm.level:
            line.append(short(rung), FAINT)
            continue
        line.append(short(rung), STRONG)
        line.append(f" {_stage(alarm)}", GOOD if alarm.stage == "owned" else WATCH)
        if alarm.due is not None:
            whole = max(1e-9, alarm.due - alarm.at)
            line.append(f" {span(alarm.due - now)} ").append_text(look.bar((alarm.due - now) / whole, 4))
    return line


def _stage(alarm: Alarm) -> str:
    if alarm.stage == "owned":
        return (
            "has it"
            if short(alarm.holder).split(":")[0] in alarm.rungs[alarm.level]
            else f"({short(alarm.holder)})"
        )
    return {"raised": "asked", "paged": "called", "unanswered": "no answer"}.get(alarm.stage, alarm.stage)


def rates(seen: Panorama, look: Look, width: int, trends: Trends) -> Pane:
    """System 2: what is let through, who waits, and what is held exclusively."""
    lines = []
    for level in seen.levels:
        for pace in level.paces:
            trend = look.trend(trends.get(f"waiting {level.path} {pace.port}", ()), max(4, width - 32))
            lines.append(
                row(
                    look,
                    (pace.port, 10),
                    (f"{figure(pace.rate * 60)}/min", -9),
                    (f"{pace.waiting}", -4),
                    ("wait", 4),
                    (trend, max(4, width - 32)),
                )
            )
        for lease in level.leases:
            held = f"{lease.key} {look.arrow} {short(lease.holder)} {span(lease.until - seen.at)}"
            lines.append(Text(held))
    return Pane("S2 rates", "shared, paced", lines or [Text("no rate is shared", FAINT)])


def money(seen: Panorama, look: Look, width: int) -> Pane:
    """System 3: what was granted and what is gone of it; of each unit what it holds."""
    lines = []
    for one in seen.top.money:
        part = one.used / one.granted if one.granted else 0.0
        style = BAD if part >= 1.0 else WATCH if part > 0.9 else ""
        room = max(4, min(BAR, width - 31))
        left = f", {span(one.until - seen.at)} left" if one.until is not None else ""
        gone = f"{figure(one.used)} of {figure(one.granted)}{left}"
        lines.append(row(look, (one.resource, 5), (look.bar(part, room, style), room), (gone, 24)))
        if one is seen.top.money[0]:
            lines += [_share(unit, held, taken, look) for unit, held, taken in one.units]
    return Pane("S3 budget", "gone of it", lines or [Text("no budget is counted", FAINT)])


def _share(unit: str, held: float, taken: float, look: Look) -> Text:
    part = taken / held if held else 0.0
    style = WATCH if part > 0.9 else ""
    gone = f"{figure(taken)} of {figure(held)}"
    return row(look, (f"  {short(unit)}", 13), (look.bar(part, 8, style), 8), (gone, 14))


def outlook(seen: Panorama, look: Look, width: int, trends: Trends) -> Pane:
    """System 4: what is expected to come, with an interval, beside what has come."""
    lines = [_forecast(one, look, width, trends) for one in seen.top.forecasts]
    for talk in seen.top.proposals[-1:]:
        lines.append(
            Text.assemble((f"{talk.state}: ", STRONG), look.plain(spoken(talk.change or talk.issue)))
        )
    return Pane("S4 outlook", "tasks a tick, 80 %", lines or [Text("nothing is forecast yet", FAINT)])


def _forecast(one: Forecast, look: Look, width: int, trends: Trends) -> Text:
    between = (
        "" if one.low is None or one.high is None else f"({figure(one.low)}{look.none}{figure(one.high)})"
    )
    come = list(trends.get(f"come {one.unit}", ()))
    steps = [after - before for before, after in pairwise(come)]
    room = max(4, width - 33)
    trend = Text("muted", FAINT) if one.muted else Text(look.trend(steps, room))
    return row(look, (short(one.unit), 12), (figure(one.expected), -6), (between, 12), (trend, room))


def log(seen: Panorama, look: Look, width: int, most: int, clock: Clock) -> Pane:
    """The last lines of all logs."""
    lines = []
    for said in seen.log[-most:] if most else ():
        where = short(said.path)
        lines.append(
            row(
                look,
                (Text(clock(said.at), FAINT), 8),
                (where, 12),
                (Text(said.kind, STRONG), 12),
                (look.plain(said.text), width - 35),
            )
        )
    return Pane("log", "the latest last", lines)
