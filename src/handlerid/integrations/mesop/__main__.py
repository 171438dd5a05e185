"""Mesop's command line on handlerid, with one more flag: ``--captures``."""

import sys
from typing import Any

from absl import app, flags
from mesop.bin.bin import main

from handlerid.integrations.mesop import install

captures: Any = flags.DEFINE_string("captures", "distinct", "as for install()")


def start(argv: list[str]) -> None:
    """Install handlerid, then start Mesop."""
    install(captures=captures.value)
    main(argv)


if __name__ == "__main__":
    sys.exit(app.run(start))
