"""History: objects that are listed, and shipped as those are that a queue announces."""
