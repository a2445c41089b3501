"""What we tell other software: webhooks, the messages to them, and how those are delivered."""
