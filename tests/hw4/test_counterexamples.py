"""Counterexamples of hw4: small public cells that a submission gets wrong, and the reference right."""
