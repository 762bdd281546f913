"""What is known of each AWS service's events, one file each. Pure."""
