"""What it means: decisions from counts, estimates with intervals. Arrays in, frozen records out; no files, no clock."""
