"""What handlerid is measured beside, each used the way its own documentation says."""
