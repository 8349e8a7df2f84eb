"""Values that converge however their changes travel: counters, registers, sets and maps, as pure delta-state CRDTs.

Sources: Almeida, Shoker, Baquero, "Delta State Replicated Data Types", 2018; Preguiça et al., "Dotted Version
Vectors", 2010; Balegas et al., "Extending Eventually Consistent Cloud Databases for Enforcing Numeric
Invariants", 2015.
"""
