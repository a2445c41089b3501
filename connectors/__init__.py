"""Every socket that leaves this system, and nothing that knows Django."""
