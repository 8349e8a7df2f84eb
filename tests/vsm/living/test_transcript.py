"""What is counted of the proposals that were carried out names the one that moved it."""

from cybernetic.vsm.homeostat.balance import Bands, indices
from cybernetic.vsm.intelligence.transcript import Transcript


def figures(transcript: Transcript) -> dict[str, tuple[float, str]]:
    """What is told, with its sources."""
    balance = transcript.balance(3600.0)
    found = {name: getattr(balance, name) for name in ("reallocations", "proposals", "reversed", "regret")}
    return {name: (much, balance.sources.get(name, "")) for name, much in found.items()}


def test_each_figure_names_the_proposal_that_moved_it_last() -> None:
    transcript = Transcript()
    transcript.moved("p1")
    assert figures(transcript)["regret"] == (0.0, "")
    transcript.took_back("p1")
    assert figures(transcript)["regret"] == (1.0, "p1")
    assert figures(transcript)["proposals"] == (1, "p1")
    transcript.moved("p2")
    assert figures(transcript) == {
        "reallocations": (3, "p2"),
        "proposals": (2, "p2"),
        "reversed": (1, "p1"),
        "regret": (0.5, "p2"),
    }
    regret = indices(transcript.balance(3600.0), Bands())["regret"]
    assert (regret.value, regret.source) == (0.5, "p2")


def test_what_was_carried_out_before_its_period_counts_in_that_in_which_it_is_taken_back() -> None:
    transcript = Transcript()
    transcript.moved("p1")
    transcript.moved("p2")
    transcript.begin()
    transcript.took_back("p1")
    assert figures(transcript)["proposals"] == (1, "p1")
    transcript.moved("p3")  # instead of what it counted
    assert figures(transcript)["proposals"] == (1, "p1")
    assert figures(transcript)["reallocations"] == (2, "p3")
