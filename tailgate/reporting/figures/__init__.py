"""Figures: what a report draws, as plain series made of run files alone. No layout, no text for people; a module a figure.

Each function takes a Run, or several, and returns frozen dataclasses that `tailgate.reporting.plain.plain` turns into JSON. What a
record does not tell, because it is older or damaged, is None; runs that cannot be drawn are left out. Times are seconds.
"""

from tailgate.reporting.figures.curve import percentile_curve
from tailgate.reporting.figures.heat import heat_map, send_lag
from tailgate.reporting.figures.kinds import errors
from tailgate.reporting.figures.layers import phases
from tailgate.reporting.figures.level import history
from tailgate.reporting.figures.money import cost_against_p99
from tailgate.reporting.figures.pairing import path_differences
from tailgate.reporting.figures.sizes import instance_types
from tailgate.reporting.figures.speeds import rate_against_p99
from tailgate.reporting.figures.tail import complementary
from tailgate.reporting.figures.whereto import remotes

__all__ = [
    "complementary",
    "cost_against_p99",
    "errors",
    "heat_map",
    "history",
    "instance_types",
    "path_differences",
    "percentile_curve",
    "phases",
    "rate_against_p99",
    "remotes",
    "send_lag",
]
