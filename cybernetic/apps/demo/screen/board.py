"""The end of it, drawn: the scoreboard of all three companies, and what is claimed with whether it holds."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from cybernetic.apps.demo.claims import Claim, rows
from cybernetic.apps.demo.frames import ARMS, Score
from cybernetic.observe import BAD, FAINT, GOOD, STRONG, Look, fit, row

NAME, VALUE = 36, 10  # cells of a name, and of each company
VERDICTS = {"won": GOOD, "lost": BAD}


def board(
    scores: Mapping[str, Score], look: Look, width: int = 80, outage: Mapping[str, int] | None = None
) -> list[Text]:
    """The scoreboard: a company a column, the best ones bold, and how the viable one fares: won, tied or lost.

    `outage`: customers lost from the outage on. Default None: there was none.
    """
    head = [(Text(arm, STRONG), -VALUE) for arm in ARMS]
    lines = [row(look, ("", NAME), *head, (Text("  viable", FAINT), 8))]
    for one in rows(scores, outage):
        values = [
            (Text(value, STRONG if arm in one.best else ""), -VALUE)
            for arm, value in zip(ARMS, one.values, strict=True)
        ]
        verdict = Text().append("  ").append(one.verdict, VERDICTS.get(one.verdict, FAINT))
        lines.append(row(look, (one.name, NAME), *values, (verdict, 8)))
    return [fit(line, width, look) for line in lines]


def claimed(found: Sequence[Claim], look: Look, width: int = 80) -> list[Text]:
    """What is claimed, a claim a line with its tick; below one that does not hold what was wanted."""
    lines = []
    for claim in found:
        line = Text.assemble(look.good if claim.holds else look.bad, f" {look.plain(claim.text)}: ")
        line.append(look.plain(claim.came), STRONG)
        lines.append(line)
        if not claim.holds:
            lines.append(Text.assemble((f"  wanted: {look.plain(claim.wanted)}", FAINT)))
    return [fit(line, width, look) for line in lines]
