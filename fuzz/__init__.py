"""Fuzzing of what reads strangers' bytes: `bin/fuzz`, and the same checks in the ordinary tests."""
