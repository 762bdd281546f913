"""What is CodeCatalyst's: which events, who acted, and on what. Pure."""
