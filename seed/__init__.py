"""Data for the museum's database: a sample, a fetcher for the museum's public API, a loader and queries."""
