"""An application of which ``changes.py`` makes a second release."""
