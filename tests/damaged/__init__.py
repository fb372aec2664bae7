"""Damaged submissions: one short function each, its name the situation, its docstring what has happened."""
