"""Arms: two of them in one run, told apart by a coin, and what makes them differ."""
