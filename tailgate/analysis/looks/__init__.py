"""Looks: a run judged while it goes on, at looks that together err as rarely as one."""
