"""Layer 2: text to tree and back; knows no names of stages."""
