"""CloudTrail's Event history as a source of the daemon: each region is asked again and again."""
