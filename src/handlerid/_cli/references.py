"""``handlerid parse``: whose id or token this is."""

import json
import sys
from argparse import ArgumentParser, Namespace
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handlerid import HandlerId, Identity
from handlerid._cli.answers import Answer, Mistake
from handlerid._cli.manifests import read_manifest
from handlerid._cli.targets import (
    add_identity,
    add_keys,
    expect_module,
    identity_of,
    imports,
    keyed_identity,
)

if TYPE_CHECKING:
    from handlerid.manifest.lookup import Ids

_FLAGS = {"expires": 1, "audience": 2, "nonce": 4, "encrypted": 8, "purpose": 16}
_SIZES = {"expires": 5, "audience": 12, "nonce": 16, "purpose": 8}


def add_parse(parser: ArgumentParser) -> None:
    """Add the arguments of ``handlerid parse``."""
    parser.add_argument(
        "references",
        nargs="+",
        metavar="ID",
        help="an id or a token, or a text with some, such as a line of a log; - for "
        "the input",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--manifest", metavar="FILE", help="whose handlers it may be of")
    where.add_argument("--package", metavar="PACKAGE", help="the same, a module's name")
    add_identity(parser)
    add_keys(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_parse)


def _parse(options: Namespace) -> Answer:
    from handlerid.manifest.seen import references_in  # noqa: PLC0415

    found: dict[str, dict[str, Any]] = {}
    ids, title = _ids(options)
    for text in options.references:
        content = sys.stdin.buffer.read() if text == "-" else text.encode()
        references = [*references_in(content)]
        if not references:
            where = "the input" if text == "-" else repr(text)
            raise Mistake(f"{where} has no id and no token")
        for one in references:
            known = found.get("".join(one))
            if known is None:
                known = _described(one.handler_id, one.body) | {"count": 0}
                known |= _whose(one.handler_id, ids)
                found["".join(one)] = known
            known["count"] += 1
    rows = [*found.values()]
    code = int(ids is not None and any(one["handler"] is None for one in rows))
    if options.json:
        return Answer(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", code)
    if rows[1:]:
        lines = [
            f"{x['count']:>6}  {x['id']}  {_said(x, title)}".rstrip() for x in rows
        ]
    else:
        lines = _lines(rows[0], title)
    return Answer("\n".join(lines) + "\n", code)


def _ids(options: Namespace) -> "tuple[Ids | None, str]":
    """Return the functions that an id may be of, and where they are from."""
    from handlerid.manifest import build  # noqa: PLC0415
    from handlerid.manifest.lookup import Ids  # noqa: PLC0415

    if options.identity and not options.package:
        raise Mistake("--identity is for --package; a manifest takes --key-env")
    if options.identity and options.key_env:
        raise Mistake("--identity has its keys; leave --key-env out")
    if options.manifest:
        manifest, title = read_manifest(options.manifest), options.manifest
        identity = keyed_identity(options, manifest)
    elif options.package:
        expect_module(options.package)
        identity, title = identity_of(options), options.package
        with imports():
            manifest = build(options.package, identity=identity)
        identity = identity or keyed_identity(options, manifest)
    else:
        return None, ""
    return Ids(manifest, identity or Identity(fingerprint=manifest.fingerprint)), title


def _described(handler_id: HandlerId, body: str) -> dict[str, Any]:
    return {
        "id": handler_id,
        "location": handler_id.location,
        "fingerprint": handler_id.fingerprint,
        "captures": handler_id.captures or None,
        "event": handler_id.event or None,
        "token": _token(body) if body else None,
    }


def _token(body: str) -> dict[str, Any]:
    """Return what a token says of itself; its signature is not verified."""
    content = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    flags, at, expires = content[0], 1, None
    for name, size in _SIZES.items():
        if flags & _FLAGS[name]:
            if name == "expires":
                seconds = int.from_bytes(content[at : at + size], "big", signed=True)
                expires = datetime.fromtimestamp(seconds, UTC).isoformat()
            at += size
    said = {name: bool(flags & _FLAGS[name]) for name in _FLAGS}
    return said | {"expires": expires, "bytes of captures": max(0, len(content) - at)}


def _whose(handler_id: HandlerId, ids: "Ids | None") -> dict[str, Any]:
    """Return the function that an id is of, and whether the code is the same."""
    if ids is None:
        return {"handler": None, "code": None}
    found = ids.find(handler_id)
    if found is not None:
        return {"handler": found.name, "code": "same"}
    there = ids.at_location(handler_id)
    return {
        "handler": there[0].name if there else None,
        "code": "other" if there else None,
    }


def _said(row: dict[str, Any], title: str) -> str:
    if not title:
        return ""
    if row["handler"] is None:
        return f"no handler of {title}"
    return f"{row['handler']}{', of other code' if row['code'] == 'other' else ''}"


def _lines(row: dict[str, Any], title: str) -> list[str]:
    lines = [row["id"]]
    shown = {
        name: row[name] for name in ("location", "fingerprint", "captures", "event")
    }
    shown["handler"] = _said(row, title)
    token = row["token"]
    if token:
        said = [f"expires {token['expires']}"] if token["expires"] else []
        said += [x for x in ("audience", "nonce", "encrypted", "purpose") if token[x]]
        said.append(f"{token['bytes of captures']} bytes of captures")
        shown["token"] = ", ".join(said) + "; not verified"
    width = max(map(len, shown))
    return [*lines, *(f"  {x:<{width}}  {y}" for x, y in shown.items() if y)]
