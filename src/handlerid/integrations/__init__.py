"""Integrations: one module a host, each with an extra of its own.

What belongs here: what is true of one host alone. Nothing imports these modules but the
application; what several hosts need belongs into the floors below.
"""
