"""Where the second release moves handlers to."""
