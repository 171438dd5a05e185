"""``python -m handlerid`` is the command ``handlerid``."""

import sys

from handlerid._cli import main

if __name__ == "__main__":
    sys.exit(main())
