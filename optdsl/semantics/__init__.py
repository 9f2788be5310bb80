"""Layer 4: from a syntax tree to what it means, and what is wrong with it."""
