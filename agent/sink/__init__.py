"""Where records go, and the proof that they arrived."""
