"""Runs the benchmark suite: ``python -m benchmarks [group ...] [--quick]``."""

from __future__ import annotations

import argparse
import platform

from benchmarks import decoding, dispatch, identity

GROUPS = {"identity": identity.run, "decoding": decoding.run, "dispatch": dispatch.run}


def main() -> None:
    """Reads the command line and runs the groups."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all")
    parser.add_argument("--quick", action="store_true", help="a first look")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.groups) - set(GROUPS))
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}")
    print(f"{platform.python_implementation()} {platform.python_version()}")
    for name in arguments.groups or GROUPS:
        print(f"\n{name}\n")
        GROUPS[name](7 if arguments.quick else 31)


if __name__ == "__main__":
    main()
