"""The story of an hour in plain words: what befalls the world, and what a company makes of it."""

from cybernetic.apps.demo.companies.company import Company
from cybernetic.apps.demo.frames import SYSTEM_NAMES, Banner, Line
from cybernetic.apps.demo.world.owner import GONE, Matter
from cybernetic.apps.demo.world.plan import Incident, Plan
from cybernetic.apps.demo.world.world import World

_BEFALLS = {
    "campaign": "a campaign: letters to all customers, and everybody wants the provider at once",
    "loop": "{target} is caught in a loop: it writes the same draft again and again, for money",
    "lie": "the search tool starts lying; nobody knows yet",
    "hang": "the management of {target} hangs, and restarting it does not help",
    "ramp": "{target} will be asked for twice as much, {other} for less than half",
    "viral": "good news: everybody talks about the company, and wants something of {target}",
    "outage": "the provider is away for three minutes; nobody can win this one",
}
_OVER = {
    "campaign": "the campaign is over",
    "viral": "the talk of the town is something else again",
    "outage": "the provider is back",
}


class Story:
    """What is to be told of a company's hour, as it comes to be known."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: set[str] = set()

    def since(self, world: World, company: Company) -> tuple[Banner, ...]:
        """What there is to tell that was not told yet."""
        now = world.now()
        found = [self._once(f"{one.kind}!", now, self._begun(one)) for one in self._plan.incidents]
        found += [self._once(f"{one.kind}.", now, _ended(one)) for one in self._plan.incidents]
        found += [self._once(*told) for told in self._consequences(world, company, now)]
        if self._plan.quiet:
            found.append(
                self._once("quiet", now, Banner(0.0, "luck", "quiet", "an hour in which nothing befalls"))
            )
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.at))

    def _begun(self, one: Incident) -> Banner:
        text = _BEFALLS[one.kind].format(target=one.target, other=one.other)
        return Banner(one.at, "luck" if one.kind == "viral" else "incident", one.kind, text)

    def _consequences(
        self, world: World, company: Company, now: float
    ) -> list[tuple[str, float, Banner | None]]:
        """What became of incidents in this company."""
        told: list[tuple[str, float, Banner | None]] = []
        for kind, at in world.mended.items():
            one = self._plan.of(kind)
            if one is not None:
                text = _MENDED[kind].format(target=one.target)
                told.append((f"{kind}-mended", now, Banner(at, "consequence", kind, text)))
        if world.found is not None:
            text = f"{world.finder} found out about the search tool{_after(world.found)}; the archive from now on"
            told.append(("lie-found", now, Banner(world.found_at, "consequence", "lie", text)))
        hang = self._plan.of("hang")
        if hang is not None:
            heard = company.owner.heard.get(Matter("hang", hang.target))
            if heard is not None and heard >= hang.at:
                text = (
                    f"the owner hears that {hang.target} hangs, {heard - hang.at:.0f} seconds after it began"
                )
                told.append(("hang-heard", now, Banner(heard, "consequence", "hang", text)))
        if world.released > 0.0:
            text = f"the Charter lets go what was kept back: $ {world.released:.2f} for {world.glad}"
            told.append(("reserve", now, Banner(world.released_at, "luck", "viral", text)))
        for matter, at in company.owner.heard.items():
            if matter.kind == GONE:
                text = f"the owner hears that {SYSTEM_NAMES[matter.about]} is silent"
                told.append((f"{matter.about}-gone", now, Banner(at, "consequence", matter.about, text)))
        return told

    def _once(self, key: str, now: float, banner: Banner | None) -> Banner | None:
        if banner is None or banner.at > now or key in self._told:
            return None
        self._told.add(key)
        return banner


_MENDED = {
    "hang": "the management of {target} works again",
    "loop": "{target} is out of its loop",
}


def _after(looked: int) -> str:
    """How many jobs had been looked at, where any were."""
    return f" at the {_nth(looked)} look" if looked else ""


def _nth(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _ended(one: Incident) -> Banner | None:
    text = _OVER.get(one.kind)
    return None if text is None else Banner(one.until, "consequence", one.kind, text)


def lines(company: Company) -> tuple[Line, ...]:
    """What the company has written in its log since this was asked."""
    log, company.log = tuple(company.log), []
    return log
