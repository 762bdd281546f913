"""What `trail-agent check --online` looks at: one module for each thing that is checked, and nothing is changed."""
