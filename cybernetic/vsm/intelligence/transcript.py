"""What systems 3 and 4 have said to each other in a period, as system 4 has noted it: the balance comes from it."""

from collections import Counter, deque

from cybernetic.vsm.homeostat.balance import Balance, Spoken
from cybernetic.vsm.homeostat.conversation import AdaptationProposal, Conversation
from cybernetic.vsm.intelligence.messages import Spent, Talked

KEPT = 20  # talks that are remembered


class Transcript:
    """Of one period, and the latest talks whatever the period."""

    def __init__(self) -> None:
        self.talks: deque[Talked] = deque(maxlen=KEPT)
        self._spent = Spent()
        self._sources: dict[str, str] = {}
        self.begin()

    def begin(self) -> None:
        """A period begins: nothing has been said."""
        self._raised: Counter[str] = Counter()
        self._countered: Counter[str] = Counter()
        self._answers: list[float] = []
        self._replies: list[float] = []
        self.carried = self.reversed = 0
        self._before = self._spent

    @property
    def silent(self) -> bool:
        """Whether nothing was proposed and nothing taken back."""
        return not self._raised and not self.reversed

    def raised(self, proposal: AdaptationProposal, at: float, talk: Conversation) -> None:
        """System 4 proposed something."""
        self._raised[proposal.issue] += 1
        self._sources["intelligence"] = proposal.id
        self.talks.append(Talked(proposal, talk.state, talk.change, at))

    def answered(self, proposal: AdaptationProposal, seconds: float, countered: bool) -> None:
        """System 3 answered after so many seconds, and perhaps with something else."""
        self._answers.append(seconds)
        self._sources["intelligence"] = proposal.id
        if countered:
            self._countered[proposal.issue] += 1
            self._sources["control"] = proposal.id

    def replied(self, seconds: float) -> None:
        """System 4 answered to that after so many seconds."""
        self._replies.append(seconds)

    def spent(self, spent: Spent) -> None:
        """System 3 has said what was spent since it began; one that has begun anew begins to count anew."""
        if spent.run < self._before.run or spent.change < self._before.change:
            self._before = Spent()
        self._spent = spent
        if spent.source:
            self._sources["change_spend"] = self._sources["run_spend"] = spent.source

    def moved(self, proposal: str) -> None:
        """What was proposed (its id) was carried out, and changes something."""
        self._counted(proposal, carried=1)

    def took_back(self, proposal: str) -> None:
        """What was proposed, and carried out, was taken back."""
        self._counted(proposal, reversed=1)

    def _counted(self, proposal: str, carried: int = 0, reversed: int = 0) -> None:
        """Count it; what is another figure by that is from this proposal."""
        before = self._figures()
        self.carried, self.reversed = self.carried + carried, self.reversed + reversed
        self._sources |= {name: proposal for name, much in self._figures().items() if much != before[name]}

    def _figures(self) -> dict[str, float]:
        """What comes of the proposals that were carried out, by the names of a balance."""
        moves, proposals = self.carried + self.reversed, max(self.carried, self.reversed)
        regret = self.reversed / proposals if proposals else 0.0
        return {"reallocations": moves, "proposals": proposals, "reversed": self.reversed, "regret": regret}

    def ended(self, talk: Conversation, at: float) -> None:
        """What came of the talk about a proposal."""
        last = Talked(talk.proposal, talk.state, talk.change, at)
        kept = [one for one in self.talks if one.proposal.id != talk.proposal.id]
        self.talks.clear()
        self.talks.extend([*kept, last])

    def balance(self, seconds: float) -> Balance:
        """The balance of a period of so many seconds (> 0); what is taken back may have been proposed before it."""
        three = Spoken(dict(self._countered), tuple(self._replies))
        four = Spoken(dict(self._raised), tuple(self._answers))
        proposals = max(self.carried, self.reversed)
        hours = seconds / 3600.0
        now, before = self._spent, self._before
        spent, moves = (now.change - before.change, now.run - before.run), self.carried + self.reversed
        sources = dict(self._sources)
        return Balance(three, four, *spent, moves, hours, proposals, self.reversed, sources)
