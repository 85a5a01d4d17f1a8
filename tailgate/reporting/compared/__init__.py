"""Compared: runs before and after, of the same cases, from their JSON alone: matched, judged, and told in four forms."""
