"""Single edits of the reference, made by machine: what they are, and what each says of a student's values."""
