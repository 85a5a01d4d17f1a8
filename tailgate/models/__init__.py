"""Models that ship with tailgate; each folder stands alone, so that it can be packed into a container as it is."""
