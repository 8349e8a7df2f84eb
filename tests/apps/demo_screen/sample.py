"""Films made up for pictures: an hour in which the search tool lies and a writer loops."""

from cybernetic.apps.demo.frames import Banner, Frame, Line, Score
from cybernetic.apps.demo.screen.film import Film
from tests.observe.sample import company

INCIDENTS = (
    Banner(300.0, "incident", "storm", "a campaign: everybody calls the provider at once"),
    Banner(900.0, "incident", "loop", "writer-2 falls into a loop; every call costs money"),
    Banner(1500.0, "incident", "search", "the search tool starts lying; nobody knows yet"),
)
CONSEQUENCES = {
    "viable": (
        Banner(930.0, "consequence", "loop", "the lease of writer-2 ran dry; the Director suspends it"),
        Banner(1860.0, "consequence", "search", "the Inspector found it at the 38th look"),
    ),
    "gateway": (Banner(2700.0, "consequence", "search", "a customer complains about a wrong answer"),),
    "plain": (Banner(2700.0, "consequence", "search", "a customer complains about a wrong answer"),),
}
LOG = (
    Line(910.0, "catalogue", "writer-2 made the same call five times: Stuck", "l1", "loop"),
    Line(930.0, "Director", "suspends writer-2 for two minutes", "l2", "l1"),
    Line(1860.0, "Inspector", "reported ok, verified wrong", "l3", "search"),
    Line(1861.0, "Director", "kb.search is taken out of use", "l4", "l3"),
)


def film(arm: str, seconds: float = 3600.0, without: tuple[str, ...] = ()) -> Film:
    """One company; without the Inspector nobody finds that the search tool lies."""
    made = Film(arm, without)
    room = company().plain()
    for number in range(1, int(seconds // 10) + 1):
        at = 10.0 * number
        made.add(
            Frame(
                arm,
                at,
                score(arm, at, without),
                tuple(one for one in (*INCIDENTS, *CONSEQUENCES[arm]) if at - 10.0 < one.at <= at),
                tuple(one for one in LOG if arm == "viable" and at - 10.0 < one.at <= at),
                room if arm == "viable" and number % 30 == 1 else None,
                last=at >= 3600.0,
            )
        )
    return made


def score(arm: str, at: float, without: tuple[str, ...] = ()) -> Score:
    """How it stands: wrong answers from the 25th minute on, until somebody finds out."""
    until = at if arm != "viable" or "s3star" in without else min(at, 1860.0)
    wrong = int(max(0.0, until - 1500.0) / 40.0)
    lost = int(at / 100.0) if arm != "viable" else int(at / 1000.0)
    spent = at / 3600.0 * (271.0 if arm == "plain" else 249.0)
    return Score(
        offered=int(at / 5),
        done=int(at / 5) - lost,
        failed=0 if arm == "viable" else lost // 2,
        lost=lost,
        wrong=wrong,
        spent=spent,
        budget=250.0,
        refused=0 if arm == "viable" else int(at / 7),
        found=38 if arm == "viable" and until >= 1860.0 else None,
        pages=int(at > 2400.0),
        backlog=lost // 3,
    )
