"""Measurements against peers, and the generator of the logs they run on."""
