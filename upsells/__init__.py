"""Offers, stay pages and purchases."""
