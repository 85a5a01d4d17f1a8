"""Who reads it: runs as files, in our own format and in pytest-benchmark's, and texts made of those files alone."""
