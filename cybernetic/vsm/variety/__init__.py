"""Variety engineering after Ashby and Beer: how much there is, what absorbs it, what is lost."""

from cybernetic.vsm.variety.capacity import ChannelLoad
from cybernetic.vsm.variety.entropy import (
    Variety,
    conditional_entropy,
    effective_number,
    entropy,
    fidelity,
    joint_counts,
    miller_madow,
    mutual_information,
    open_set_rate,
)
from cybernetic.vsm.variety.filters import Amplifier, Attenuator, Carried, Measured, Transducer
from cybernetic.vsm.variety.ledger import Absorber, Disturbance, VarietyLedger
from cybernetic.vsm.variety.regulation import Regulated, cyclic_game, regulate

__all__: tuple[str, ...] = (
    "Absorber",
    "Amplifier",
    "Attenuator",
    "Carried",
    "ChannelLoad",
    "Disturbance",
    "Measured",
    "Regulated",
    "Transducer",
    "Variety",
    "VarietyLedger",
    "conditional_entropy",
    "cyclic_game",
    "effective_number",
    "entropy",
    "fidelity",
    "joint_counts",
    "miller_madow",
    "mutual_information",
    "open_set_rate",
    "regulate",
)
