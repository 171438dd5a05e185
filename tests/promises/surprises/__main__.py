"""Prints what becomes of each page in each mode, as JSON; for any Python."""

from __future__ import annotations

import json
import sys

from tests.promises.surprises import results

json.dump(results(), sys.stdout)
