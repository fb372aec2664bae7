"""What an assignment is tried with before students get it: a right student, planted mistakes, edits by machine."""
