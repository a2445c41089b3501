"""Who may come in: users, organizations, the tenant door."""
