"""Hostile files -> records: reading, salvaging, aligning with the release. Nothing here runs them."""
