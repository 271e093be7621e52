"""Runs on the disk: one folder with the questions and an append-only file of replies."""
