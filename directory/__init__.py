"""The way in for those who don't know us yet, and the list of those who want to be found: joining, and vendors."""
