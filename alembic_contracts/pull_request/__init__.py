"""What a pull request is told: annotations, a job summary, one comment that is kept up to date."""
