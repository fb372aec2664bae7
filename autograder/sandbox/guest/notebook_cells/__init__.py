"""A notebook's cells in the sandbox: what of their text is run, what they take away, what they find there."""
