"""A budget by the hour, a priced provider, and an agent that begins to loop."""
