"""Feeds, blocks, merged nights and exports: the ledger of nights."""
