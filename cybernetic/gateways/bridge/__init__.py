"""Agents and topics here, exchanges and queues there: how levels in different processes or organisations meet."""
