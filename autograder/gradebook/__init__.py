"""nbgrader's database: written, read and repaired. Nothing here grades."""
