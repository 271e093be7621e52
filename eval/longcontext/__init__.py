"""How long a prompt may be before a model no longer finds what stands in it, measured as the published tables were."""
