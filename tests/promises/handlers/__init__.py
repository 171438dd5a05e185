"""The handlers of real examples: their ids in two processes, and what they captured."""
