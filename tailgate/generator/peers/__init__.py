"""Peers: a URL measured as it is done today, beside tailgate, in a process of its own."""
