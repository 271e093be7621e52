"""What an evaluation found, for the terminal, as JSON, and as one page that needs nothing else."""
