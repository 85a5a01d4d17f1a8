"""Our figures beside our peers', on one server whose truth is known: `make bench`, or one command for each question."""
