"""A diff as a text for a terminal, and as Markdown and annotations for GitHub."""

from collections.abc import Iterator
from textwrap import indent

from handlerid._cli.answers import Paint
from handlerid._cli.summary import BREAKS, Line, Summary

_MOST_LINES = 18  # of the table; the rest is counted, so that all is one screen
_WIDEST = 50  # of the column of names
_MOST_ROWS = 60  # a comment may have 65,536 characters
_MOST_ANNOTATIONS = 9  # GitHub shows ten of a step
_COLOURS = {
    "stale": "yellow",
    "gone": "red",
    "moved": "cyan",
    "refused": "red",
    "unknown": "dim",
}


def as_text(
    summary: Summary, title: str, paint: Paint, *, full: bool, failed: str
) -> str:
    """Return a screen; with ``full``, every row."""
    lines, shown = summary.lines(), 0
    rows: list[str] = []
    width = max([len(one.name) for one in lines[:_MOST_LINES]], default=0)
    width = min(width, _WIDEST)
    shares = bool(lines and lines[0].share)
    for one in lines:
        row = _row(one, width, shares, paint)
        if not full and len(rows) + len(row) > _MOST_LINES:
            break
        rows += row
        shown += 1
    if lines[shown:]:
        rows.append(f"  {summary.rest(lines[shown:])}; --full shows all")
    parts = [[paint(title, "dim"), paint(summary.headline, "bold")], rows]
    parts.append([*summary.footers(), *([paint(failed, "red")] if failed else [])])
    return "\n\n".join("\n".join(one) for one in parts if one) + "\n"


def _row(line: Line, width: int, shares: bool, paint: Paint) -> list[str]:
    kind = paint(f"{line.row.kind:<7}", _COLOURS[line.row.kind])
    share = f"{line.share:>7}" if shares else ""
    found = [f"{share}  {kind}  {line.name:<{width}}  {line.why}"]
    if line.row.line:
        found += indent(line.row.line, " " * (len(share) + 11)).split("\n")
    return found


def as_markdown(summary: Summary, title: str, *, full: bool, failed: str) -> str:
    """Return the text of a comment."""
    lines = summary.lines()
    most = len(lines) if full else _MOST_ROWS
    parts = ["### Open pages after this deploy", f"**{_escaped(summary.headline)}**"]
    if lines:
        parts.append("\n".join(_table(lines[:most])))
    if lines[most:]:
        parts.append(f"And {_escaped(summary.rest(lines[most:]))}.")
    pasted = [
        f"# {one.name}: {one.row.why}\n{one.row.line}" for one in lines if one.row.line
    ]
    if pasted:
        head = "<details><summary>What answers the pages of those that moved</summary>"
        code = "\n\n".join(pasted[:_MOST_ROWS])
        parts += [head, f"```python\n{code}\n```", "</details>"]
    parts += [_escaped(" ".join(summary.footers()))]
    if failed:
        parts.append(f"**{_escaped(failed)}**")
    parts.append(f"<sub>{_escaped(title)}</sub>")
    return "\n\n".join(parts) + "\n"


def _table(lines: list[Line]) -> Iterator[str]:
    shares = bool(lines[0].share)
    yield ("| clicks " if shares else "") + "| | handler | why |"
    yield ("|---:" if shares else "") + "|---|---|---|"
    for one in lines:
        share = f"| {_escaped(one.share)} " if shares else ""
        name = one.name.replace("|", "\\|")
        yield f"{share}| {one.row.kind} | `{name}` | {_escaped(one.why)} |"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, also in a table."""
    for sign in "\\`*_[]|~#":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")


def as_annotations(summary: Summary, *, failed: str) -> str:
    """Return commands of GitHub's workflows, which it reads in the log of a step."""
    broken = summary.of_kind(*BREAKS)
    level = "error" if failed else "warning" if broken else "notice"
    found = [_annotation(level, "Open pages after this deploy", summary.headline)]
    for one in summary.lines()[:_MOST_ANNOTATIONS]:
        if one.row.kind in BREAKS:
            share = f" ({one.share} of the clicks)" if one.share else ""
            text = f"{one.row.kind}: {one.why}{share}"
            found.append(_annotation("warning", one.name, text))
    return "\n".join(found) + "\n"


def _annotation(level: str, title: str, text: str) -> str:
    for sign in "%\r\n":
        text = text.replace(sign, f"%{ord(sign):02X}")
        title = title.replace(sign, f"%{ord(sign):02X}")
    title = title.replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={title}::{text}"
