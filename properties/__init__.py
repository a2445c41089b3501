"""What is let, and its house rules."""
