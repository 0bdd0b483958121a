"""What is imported in place of other packages: a folder for each, loaded under the other's name."""
