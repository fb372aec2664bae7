"""Source -> release: its steps, its scan for leaks, its trial run; a new assignment; the audit of the hidden tests."""
