"""Layer 6: the one place where arrays exist. Nothing here is imported for work on text."""
