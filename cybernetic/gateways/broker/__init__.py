"""The broker as a port: values, the protocol that drivers fulfil, and the drivers."""
