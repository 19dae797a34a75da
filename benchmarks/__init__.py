"""`lipkit` beside its peers, in one run, as ratios: `make bench`, or `make bench CHECK=1`."""
