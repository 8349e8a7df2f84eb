"""The companies that live through the demo's hour: plain agents, plain agents behind a gateway, a viable system."""
