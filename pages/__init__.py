"""What anybody may read: how Amplistay works, what it costs, help for each channel, how it is doing."""
