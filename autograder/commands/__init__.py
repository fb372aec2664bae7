"""One file a command: what it says and in which order. No rules of its own."""
