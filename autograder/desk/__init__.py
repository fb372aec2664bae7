"""The desk: a page on this machine for marking by hand."""
