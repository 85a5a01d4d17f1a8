"""Workers: a load that several processes share, on this host and on others; a master merges what they saw into one run."""
