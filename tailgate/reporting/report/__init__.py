"""The report: one HTML page of recorded runs, which opens from disk and asks no network. What it says comes from run files alone."""

from tailgate.reporting.report.page import page, save, written

__all__ = ["page", "save", "written"]
