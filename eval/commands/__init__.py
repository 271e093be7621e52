"""The commands of `python -m eval`, a file each. Nothing heavier than click is imported at their top."""
