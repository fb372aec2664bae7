"""A notebook's own test cells: which of them the examiner runs, and the verdicts that follow from how they end."""
