"""This library, measured through its public face alone."""
