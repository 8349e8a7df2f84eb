"""The context graph of a viable system: what one part knows and another needs, as facts that expire."""
