"""What checks of whole exchanges share: findings, baselines, and reports in every format."""
