"""Trends: the history of each case as lines, with what changed when a level began; for the terminal, Markdown and JSON."""
