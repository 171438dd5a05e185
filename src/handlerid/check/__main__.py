"""``python -m handlerid.check PATH...`` is ``handlerid check PATH...``."""

from handlerid.check import main

raise SystemExit(main())
