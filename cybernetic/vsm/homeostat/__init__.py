"""The homeostat, and its chief use: the conversation of systems 3 and 4, its balance and its pathologies."""

from cybernetic.vsm.homeostat.balance import Balance, Bands, Diagnosis, Pathology, Spoken, diagnose
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Feasibility,
    Side,
    Talk,
    TalkState,
    open_talk,
)
from cybernetic.vsm.homeostat.homeostat import Homeostat, Party, StepChange

__all__: tuple[str, ...] = (
    "AdaptationProposal",
    "Balance",
    "Bands",
    "Diagnosis",
    "Feasibility",
    "Homeostat",
    "Party",
    "Pathology",
    "Side",
    "Spoken",
    "StepChange",
    "Talk",
    "TalkState",
    "diagnose",
    "open_talk",
)
