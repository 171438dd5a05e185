"""Pages as people write them; each is checked, and rendered."""
