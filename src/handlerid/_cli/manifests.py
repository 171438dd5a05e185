"""``handlerid manifest``, ``diff``, ``ids`` and ``parse``: what manifests answer."""

import sys
from argparse import Namespace
from base64 import urlsafe_b64decode
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handlerid import Identity
from handlerid._cli.common import (
    Answer,
    Mistake,
    as_json,
    as_rows,
    expect_module,
    identity_of,
    imports,
    keyed_identity,
    mistakes,
    painter,
)
from handlerid._cli.summary import Summary, as_annotations, as_markdown, as_text
from handlerid.manifest import Manifest, build, diff, read_seen
from handlerid.manifest.lookup import Ids, functions_of
from handlerid.manifest.seen import Reference, references_in

# The fields of a token with their sizes, as docs/reference/tokens.md has them.
_FIELDS = {"expires": 5, "audience": 12, "nonce": 16, "encrypted": 0, "purpose": 8}


def read_manifest(path: str) -> Manifest:
    """Read a manifest that an argument names."""
    with mistakes(path):
        return Manifest.read(path)


def _built(*packages: str, **options: Any) -> Manifest:
    """Build the manifest of packages that arguments name."""
    for one in packages:
        expect_module(one)
    with imports():
        return build(*packages, **options)


def run_manifest(options: Namespace) -> Answer:
    """Build a manifest."""
    if options.identity and options.fingerprint:
        raise Mistake("--identity says the fingerprint; leave --fingerprint out")
    manifest = _built(
        *options.packages,
        identity=identity_of(options),
        fingerprint=options.fingerprint,
        release=options.release,
    )
    text = manifest.to_bytes().decode()
    if options.output not in (None, "-"):
        with mistakes(options.output, "written"):
            manifest.write(options.output)
        text = f"{options.output}: {manifest}\n"
    return Answer(text, int(bool(manifest.failed)), _failures(manifest))


def _failures(manifest: Manifest) -> str:
    """Return the modules that were not imported, a line each."""
    failed = sorted(manifest.failed.items())
    lines = [f"failed: {name}: {error}\n" for name, error in failed]
    if failed:
        python, name = Path(sys.executable).name, failed[0][0]
        lines.append(f'to see why: {python} -c "import {name}"\n')
    return "".join(lines)


def run_ids(options: Namespace) -> Answer:
    """Compute the ids of a package."""
    identity = identity_of(options) or Identity()
    manifest = _built(options.package, identity=identity)
    found = [x for x in functions_of(manifest) if options.all or x.is_handler]
    ids = [handler_id for one in found for handler_id in one.ids(identity)]
    notes = _failures(manifest)
    if options.json:
        text = as_json(as_rows(ids))
    else:
        text = "".join(f"{x}  {x.module}.{x.qualname}\n" for x in ids)
        if not ids and not options.all:
            notes += "no function names an event type; --all shows the others\n"
    return Answer(text, int(bool(manifest.failed)), notes)


def run_diff(options: Namespace) -> Answer:
    """Compare two manifests."""
    old, new = read_manifest(options.old), read_manifest(options.new)
    seen = None
    if options.seen is not None:
        with mistakes(options.seen):
            seen = read_seen(sys.stdin.buffer if options.seen == "-" else options.seen)
    identity = keyed_identity(options, old.fingerprint)
    with mistakes():
        found = diff(old, new, seen=seen, identity=identity)
    kind = new.fingerprint + (f" of {new.python}" if new.python else "")
    summary = Summary(
        diff=found,
        title=f"{_named(options.old, old)} to {_named(options.new, new)}, {kind}",
        fail_on=options.fail_on,
        every=options.all,
        keyed=identity is not None,
        damaged=seen.damaged if seen else 0,
    )
    code = int(bool(summary.failed))
    if options.format == "json":
        kinds = {one.kind for one in summary.of_kind(*options.fail_on)}
        return Answer(as_json(found.as_dict() | {"failed_on": sorted(kinds)}), code)
    if options.format == "github":
        text = as_markdown(summary, full=options.full)
        return Answer(text, code, as_annotations(summary))
    return Answer(as_text(summary, painter(), full=options.full), code)


def _named(path: str, manifest: Manifest) -> str:
    return f"{path} ({manifest.release})" if manifest.release else path


def run_parse(options: Namespace) -> Answer:
    """Find the ids and tokens in texts, and their handlers."""
    ids, title = _ids_of(options)
    counts: Counter[Reference] = Counter()
    for text in options.references:
        content = sys.stdin.buffer.read() if text == "-" else text.encode()
        references = [*references_in(content)]
        if not references:
            where = "the input" if text == "-" else repr(text)
            raise Mistake(f"{where} has no id and no token")
        counts.update(references)
    rows = [_described(one, number, ids) for one, number in counts.items()]
    code = int(ids is not None and any(one["handler"] is None for one in rows))
    if options.json:
        return Answer(as_json(rows), code)
    lines = [f"{x['count']:>6}  {x['id']}  {_handler(x, title)}".rstrip() for x in rows]
    text = "\n".join(lines) if rows[1:] else _table(rows[0], title)
    return Answer(f"{text}\n", code)


def _ids_of(options: Namespace) -> tuple[Ids | None, str]:
    """Return the functions that an id may be of, and where they are from."""
    if options.identity and not options.package:
        raise Mistake("--identity is for --package; a manifest takes --key-env")
    if options.identity and options.key_env:
        raise Mistake("--identity has its keys; leave --key-env out")
    identity, title = None, options.manifest or options.package
    if options.manifest:
        manifest = read_manifest(options.manifest)
    elif options.package:
        identity = identity_of(options)
        manifest = _built(options.package, identity=identity)
    else:
        return None, ""
    kind = manifest.fingerprint
    identity = identity or keyed_identity(options, kind) or Identity(fingerprint=kind)
    return Ids(manifest, identity), title


def _described(one: Reference, number: int, ids: Ids | None) -> dict[str, Any]:
    """Return an id, its parts, and the function that it is of."""
    handler_id = one.handler_id
    found = ids.find(handler_id) if ids else None
    there = ids.at_location(handler_id)[:1] if ids else ()
    function = found or next(iter(there), None)
    return {
        "id": handler_id,
        "location": handler_id.location,
        "fingerprint": handler_id.fingerprint,
        "captures": handler_id.captures or None,
        "event": handler_id.event or None,
        "token": _token(one.body) if one.body else None,
        "count": number,
        "handler": function.name if function else None,
        "code": "same" if found else "other" if function else None,
    }


def _token(body: str) -> dict[str, Any]:
    """Return what a token says of itself; its signature is not verified."""
    content, at = urlsafe_b64decode(body + "=="), 1  # spare padding is ignored
    said: dict[str, Any] = {}
    for bit, (name, size) in enumerate(_FIELDS.items()):
        said[name] = bool(content[0] >> bit & 1)
        at += size * said[name]
    seconds = int.from_bytes(content[1:6], signed=True)
    when = datetime.fromtimestamp(seconds, UTC) if said["expires"] else None
    said["expires"] = when and when.isoformat()
    return said | {"bytes of captures": max(0, len(content) - at)}


def _handler(row: dict[str, Any], title: str) -> str:
    if not title:
        return ""
    if row["handler"] is None:
        return f"no handler of {title}"
    return f"{row['handler']}{', of other code' if row['code'] == 'other' else ''}"


def _table(row: dict[str, Any], title: str) -> str:
    """Return the only id that was found, a part a line."""
    names = ("location", "fingerprint", "captures", "event")
    shown = {name: row[name] for name in names} | {"handler": _handler(row, title)}
    if token := row["token"]:
        expires = f"expires {token['expires']}" if token["expires"] else ""
        flags = [name for name in _FIELDS if name != "expires" and token[name]]
        carried = f"{token['bytes of captures']} bytes of captures"
        said = ", ".join(filter(None, [expires, *flags, carried]))
        shown["token"] = f"{said}; not verified"
    width = max(map(len, shown))
    lines = [f"  {name:<{width}}  {text}" for name, text in shown.items() if text]
    return "\n".join([row["id"], *lines])
