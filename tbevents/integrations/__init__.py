"""Thin adapters to other libraries. Each module needs the library of its name, which the user installs."""
