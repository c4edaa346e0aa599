"""Other people's fakes, served from the same contract for comparison."""
