"""A confidence made to mean something on one's own questions: how often it is right, and where to stop answering."""
