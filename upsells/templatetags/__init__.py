"""Template tags of what is sold."""
