"""Thin adapters to other libraries, which bring themselves; each module needs the one of its name."""
