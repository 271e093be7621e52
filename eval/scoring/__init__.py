"""Metrics: what they count, by formula and source, and how a reply to a question is marked by them."""
