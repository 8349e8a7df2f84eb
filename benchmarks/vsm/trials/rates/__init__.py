"""A provider that takes so many calls a second, and twenty agents that all want more."""
