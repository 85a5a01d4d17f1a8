"""Changes: a run beside earlier ones of its case, and where their level changed."""
