"""The commands of `assistant` that stand beside those of `assistant.cli`, and the options they share."""
