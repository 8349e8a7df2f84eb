"""The hand-written baseline: one asyncio Task and one asyncio.Queue for each actor."""
