"""The REST contract, v1: what a host can do in the dashboard, for other software."""
