"""Replicas that meet over a broker: for sites that have no node links between them."""
