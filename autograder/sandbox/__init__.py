"""The process boundary: walls, the channel through them, and what comes back, read as hostile bytes."""
