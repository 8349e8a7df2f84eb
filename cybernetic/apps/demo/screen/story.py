"""The screens of the demonstration: the story first; the instruments and the causes behind it. Pure drawing."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from cybernetic.apps.demo.frames import Banner, Score, clock
from cybernetic.apps.demo.screen.film import Film
from cybernetic.apps.demo.screen.scene import Scene, keys
from cybernetic.apps.demo.screen.sentence import sentence
from cybernetic.apps.demo.screen.why import chains
from cybernetic.observe import BAD, FAINT, GOOD, STRONG, WATCH, Block, Look, fit, joined, row

NAME = "PEQUOD & DAUGHTERS"
HOUR = 3600.0
INTRO = (
    "A shop with twelve software agents in its back office lives through one busy hour, twice.",
    "On the left well-written agents run it; on the right the same agents are governed as a viable system.",
    "Same customers, same luck. Count what it costs them, and take a system away to see what it was for.",
)
CURRENCY = (
    ("customers lost", lambda score: float(score.lost)),
    ("wrong answers shipped", lambda score: float(score.wrong)),
    ("dollars over budget", lambda score: score.over),
)
BANNER = 3  # lines: the incident, and what came of it, also where one of them takes two
FRESH = 150.0  # virtual seconds for which an incident stays in the banner


@dataclass(frozen=True, slots=True)
class Page:
    """How large a screen is, and the signs it has."""

    width: int
    height: int
    look: Look


def screen(scene: Scene, page: Page, inside: Block | None = None, note: str = "") -> Text:
    """All of the screen.

    Args:
        scene: what is on it.
        page: its size.
        inside: what stands between head and keys where it is drawn by somebody else: the instruments.
        note: a word to the person, instead of the keys.
    """
    body = page.height - 3
    if scene.mode == "intro":
        middle = _intro(page, body)
    elif scene.mode == "why":
        middle = _why(scene, page, body)
    elif scene.mode == "room" and inside is not None:
        middle = inside
    else:
        middle = _story(scene, page, body)
    middle = [*middle, *[Text()] * (body - len(middle))][:body]
    lines = [_head(scene, page), _hour(scene, page), *middle, _keys(scene, page, note)]
    return joined([fit(line, page.width, page.look) for line in lines])


def _head(scene: Scene, page: Page) -> Text:
    state = "paused" if scene.paused else "step by step" if scene.stepping else f"x{scene.speed:g}"
    if scene.waits:
        state = "computing"
    right = f"seed {scene.seed}{page.look.dot}{state}"
    title = Text().append(NAME, STRONG)
    title.append(f"  {clock(scene.now)} of 60:00", STRONG)
    title.append(" " * max(1, page.width - cell_len(title.plain) - cell_len(right)))
    return title.append(right, FAINT)


def _hour(scene: Scene, page: Page) -> Text:
    """The hour as a line: how far it is, and where incidents were."""
    width = page.width
    done = int(scene.now / HOUR * (width - 1))
    full, empty, mark, cut = ("━", "─", "▲", "╪") if page.look.unicode else ("=", "-", "!", "#")
    line = [full if place <= done else empty for place in range(width)]
    styles = ["" if place <= done else FAINT for place in range(width)]
    for banner in _known(scene):
        if banner.kind == "incident":
            place = min(width - 1, int(banner.at / HOUR * (width - 1)))
            line[place], styles[place] = mark, WATCH
    if scene.fork is not None:
        place = min(width - 1, int(scene.fork.at / HOUR * (width - 1)))
        line[place], styles[place] = cut, STRONG
    text = Text()
    for sign, style in zip(line, styles, strict=True):
        text.append(sign, style)
    return text


def _known(scene: Scene) -> list[Banner]:
    """What both companies have been told up to now, the oldest first, incidents of both only once."""
    found: dict[tuple[float, str], Banner] = {}
    for film in (scene.viable, scene.left):
        for banner in film.banners(scene.now):
            found.setdefault((banner.at, banner.text), banner)
    return sorted(found.values(), key=lambda one: one.at)


def _keys(scene: Scene, page: Page, note: str) -> Text:
    if note:
        return Text(page.look.plain(note), WATCH)
    line = Text()
    for key, does in keys(scene):
        line.append("  " if line else "").append(key, STRONG).append(f" {does}", FAINT)
    return line


# The intro.


def _intro(page: Page, height: int) -> Block:
    lines: Block = [Text()] * max(1, (height - 12) // 2)
    for sentence_ in INTRO:
        lines += [*_wrapped(sentence_, min(page.width - 8, 90), "    "), Text()]
    return lines


def _wrapped(text: str, width: int, indent: str = "", style: str = "") -> Block:
    lines, line = [], ""
    for word in text.split():
        if line and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [Text(indent).append(one, style) for one in [*lines, line]]


# The story.


def _story(scene: Scene, page: Page, height: int) -> Block:
    left, right = scene.left.at(scene.now), scene.viable.at(scene.now)
    lines: Block = [Text()]
    lines += _banner(scene, page)
    lines.append(Text())
    lines += _currency(scene, left.score, right.score, page)
    lines.append(Text())
    lines += _figures(left.score, right.score, page)
    lines.append(Text())
    if scene.fork is not None:
        said = sentence(scene.fork.system, scene.now - scene.fork.at, left.score, right.score)
        lines += [*_wrapped(page.look.plain(said), page.width - 2, style=STRONG), Text()]
    return lines + _news(scene, page, max(0, height - len(lines)))


def _banner(scene: Scene, page: Page) -> Block:
    """What is going on, in plain words: the incident that moved last, and what came of it; or that all is calm."""
    moves = _told_of(scene)
    incidents = {one.about: one for one, film in moves if film is None}
    last = moves[-1][0] if moves else None
    if last is None or last.about not in incidents or scene.now - last.at > FRESH:
        calm = Text.assemble(page.look.good, (" a calm stretch: nothing has happened lately", FAINT))
        return [calm, *[Text()] * (BANNER - 1)]
    begun = incidents[last.about]
    mark = page.look.good if begun.kind == "luck" else page.look.watch
    after = [(one, film) for one, film in moves if film is not None and one.about == last.about]
    lines = _hung(Text.assemble(mark, " "), page.look.plain(begun.line), page.width, STRONG)
    if after:
        lines += _told(*after[-1], scene, page, "  ")
    return [*lines, *[Text()] * (BANNER - len(lines))]


def _widths(page: Page) -> tuple[int, int]:
    """Of the labels, and of each company."""
    label = 23
    return label, (page.width - label - 4) // 2


def _currency(scene: Scene, left: Score, right: Score, page: Page) -> Block:
    """One currency, two companies: numbers with bars, the longer the worse."""
    label, width = _widths(page)
    lines = [
        row(
            page.look,
            (Text("full bar: the worse one", FAINT), label),
            (Text(scene.left.title.upper(), STRONG), width),
            (Text(_right(scene), STRONG), width),
        )
    ]
    for name, of in CURRENCY:
        most = max(of(left), of(right), 1.0)
        cells = [
            _amount(of(score), of(other), most, name, width, page.look)
            for score, other in ((left, right), (right, left))
        ]
        lines.append(row(page.look, (name, label), *((cell, width) for cell in cells)))
    return lines


def _right(scene: Scene) -> str:
    return scene.viable.title.upper() if scene.fork is None else "AS IT IS"


def _amount(value: float, other: float, most: float, name: str, width: int, look: Look) -> Text:
    number = f"${value:,.0f}" if name.startswith("dollars") else f"{value:,.0f}"
    style = BAD if round(value) > round(other) else GOOD if round(value) < round(other) else ""
    bar = look.bar(value / most if round(value) else 0.0, max(4, width - 10), style)
    return row(look, (Text(number, STRONG), -7), (bar, width - 8))


def _figures(left: Score, right: Score, page: Page) -> Block:
    """What else there is to count."""
    label, width = _widths(page)
    rows = (
        ("jobs done well", *(f"{one.done:,} of {one.offered:,}" for one in (left, right))),
        ("waiting / failed", *(f"{one.backlog:,} / {one.failed:,}" for one in (left, right))),
        ("spent of the budget", *(f"${one.spent:,.0f} of ${one.budget:,.0f}" for one in (left, right))),
        ("calls refused (429)", *(f"{one.refused:,}" for one in (left, right))),
        ("the owner was called", *(_called(one) for one in (left, right))),
    )
    return [row(page.look, (Text(name, FAINT), label), (one, width), (two, width)) for name, one, two in rows]


def _called(score: Score) -> str:
    if not score.pages:
        return "never"
    times = "once" if score.pages == 1 else f"{score.pages} times"
    return f"{times}, {score.false_pages} of them for nothing" if score.false_pages else times


def _news(scene: Scene, page: Page, height: int) -> Block:
    """What was told of both companies, the latest last."""
    lines: Block = []
    for banner, film in reversed(_told_of(scene)):
        told = _told(banner, film, scene, page)
        if len(lines) + len(told) > height:
            break
        lines = [*told, *lines]
    return lines


def _told_of(scene: Scene) -> list[tuple[Banner, Film | None]]:
    """All that was told, the oldest first: what befell both companies (None), and what followed in which."""
    told: list[tuple[Banner, Film | None]] = [
        (one, None) for one in _known(scene) if one.kind != "consequence"
    ]
    parted = 0.0 if scene.fork is None else scene.fork.at  # before that the left company is the right one
    for film, since in ((scene.left, parted), (scene.viable, 0.0)):
        told += [
            (one, film) for one in film.banners(scene.now) if one.kind == "consequence" and one.at >= since
        ]
    return sorted(told, key=lambda pair: pair[0].at)


def _told(banner: Banner, film: Film | None, scene: Scene, page: Page, indent: str = "") -> Block:
    where = "" if film is None else ("left" if film is scene.left else "right")
    head = Text(indent).append(f"{clock(banner.at)} {where:<6}", FAINT)
    style = WATCH if film is None and banner.kind == "incident" else ""
    return _hung(head, page.look.plain(banner.text), page.width, style)


def _hung(head: Text, text: str, width: int, style: str = "") -> Block:
    """A text behind its head, on as many lines as it takes; the further ones begin below the first."""
    place = cell_len(head.plain)
    first, *rest = _wrapped(text, width - place, style=style)
    return [head.append_text(first), *(Text(" " * place).append_text(line) for line in rest)]


# The causes.


def _why(scene: Scene, page: Page, height: int) -> Block:
    """Cause by cause, the latest incident first."""
    film = scene.viable if scene.fork is None else scene.left
    what = "in the viable company" if scene.fork is None else film.title
    lines: Block = [Text(f"why, {what}: what followed from what", STRONG), Text()]
    found = chains(film.banners(scene.now), film.log(scene.now))
    if not found:
        return [*lines, Text("nothing has happened yet", FAINT)]
    for chain in found:
        for step in chain:
            head = Text().append(f"{step.time} ", FAINT)
            head.append("  " * step.depth + (f"{page.look.arrow} " if step.depth else ""), FAINT)
            if step.who and step.depth:
                head.append(f"{page.look.plain(step.who)}: ", STRONG)
            lines += _hung(head, page.look.plain(step.text), page.width, "" if step.depth else STRONG)
        if len(chain) == 1:
            lines.append(Text("      nothing has followed from it yet", FAINT))
        lines.append(Text())
    if len(lines) > height:
        lines = [*lines[: height - 1], Text("and more before that", FAINT)]
    return lines
