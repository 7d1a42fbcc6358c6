"""Performance, printed as ratios and medians of one run."""
