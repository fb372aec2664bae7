"""Values that travel between a student's process and the examiner, and the student's end of their conversation."""
