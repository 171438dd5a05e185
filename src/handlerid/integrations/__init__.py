"""Integrations: one package a host, each with its own extra, on public names only."""
