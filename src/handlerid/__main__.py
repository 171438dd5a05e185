"""``python -m handlerid`` is ``handlerid``."""

from handlerid._cli import run

if __name__ == "__main__":
    run()
