"""Learning systems: submissions in, marks out."""
