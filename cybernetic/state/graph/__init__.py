"""The context graph: facts with provenance that converge, indexes on them, and what may be asked of them."""
