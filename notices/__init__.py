"""What members are told, in the app and once a day, derived from alerts and sales; it keeps no rows of its own."""
