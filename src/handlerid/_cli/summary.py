"""A diff in sentences and rows: on a screen, and as Markdown and annotations.

1. Rows are about handlers. Of other functions, only the number is shown: most of them
   are no handlers, and the files cannot tell which are.
2. Rows with the most clicks come first. Of rows that do not fit, the number is shown.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import indent
from typing import NamedTuple

from handlerid._cli.common import BREAKS, Paint
from handlerid.manifest import UNKNOWN, Diff, Manifest, Row
from handlerid.manifest.rows import count_kinds

_SHOWN = (*BREAKS, "unknown")
_VERBS = {
    "stale": ("goes stale", "go stale"),
    "gone": ("is gone", "are gone"),
    "moved": ("moved", "moved"),
    "refused": ("refuses its old event", "refuse their old events"),
}
_MOST_FAILED = 3
_MOST_LINES = 18  # of the table; the rest is counted, so that all is one screen
_WIDEST = 50  # of the column of names
_MOST_ROWS = 60  # a comment may have 65,536 characters
_MOST_ANNOTATIONS = 9  # GitHub shows ten of a step
_IN_MARKDOWN = str.maketrans(
    {"&": "&amp;", "<": "&lt;", "@": "&#64;"} | {x: f"\\{x}" for x in "\\`*_[]|~#"}
)
_IN_COMMAND = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_COLOURS = {
    "stale": "yellow",
    "gone": "red",
    "moved": "cyan",
    "refused": "red",
    "unknown": "dim",
}


class Line(NamedTuple):
    """Rows that say the same, as two lambdas of a function, and their share."""

    rows: list[Row]
    share: str

    @property
    def row(self) -> Row:
        """The first row."""
        return self.rows[0]

    @property
    def name(self) -> str:
        """The name of the function, and how many have it."""
        name, more = self.row.name, len(self.rows) - 1
        if any(one.name != name for one in self.rows):
            return f"{name} and {more} more"
        return f"{name} x{more + 1}" if more else name

    @property
    def why(self) -> str:
        """What changed, and what the function may have become."""
        candidates = " or ".join(self.row.candidates)
        return self.row.why + (f"; now {candidates}?" if candidates else "")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A diff in sentences and rows.

    Attributes:
        diff: the diff.
        title: what was compared.
        fail_on: the kinds of rows that make the command fail.
        every: whether every function counts, not the handlers alone.
        keyed: whether keys were given.
        damaged: lines of the clicks that could not be read.
    """

    diff: Diff
    title: str = ""
    fail_on: Sequence[str] = ()
    every: bool = False
    keyed: bool = False
    damaged: int = 0

    @cached_property
    def _counts_every(self) -> bool:
        """Whether every function counts: asked for, or no old one is a handler."""
        old = [one for one in self.diff.rows if one.kind != "new"]
        return self.every or not any(x.handler and x.events != (UNKNOWN,) for x in old)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows that count."""
        return [one for one in self.diff.rows if self._counts_every or one.handler]

    def of_kind(self, *kinds: str) -> list[Row]:
        """Return the rows of these kinds that count."""
        return [one for one in self.rows if one.kind in kinds]

    @property
    def failed(self) -> str:
        """The sentence that says which rows fail the command; empty without any."""
        counts = count_kinds(self.rows, self.fail_on)
        return f"--fail-on {','.join(self.fail_on)} is met: {counts}." * bool(counts)

    @property
    def headline(self) -> str:
        """What breaks, and the share of the clicks."""
        old = [*{(x.name, x.code) for x in self.rows if x.kind != "new"}]
        noun = "function" if self._counts_every else "handler"
        total = f"{len(old)} {noun}{'s' * (len(old) != 1)}"
        if not old:
            return "There is nothing to compare: the old manifest has no functions."
        counts = Counter[str](one.kind for one in self.rows)
        parts: list[str] = []
        for kind in BREAKS:
            if count := counts[kind]:
                of = "" if parts else f" of {total}"
                parts.append(f"{count}{of} {_VERBS[kind][count > 1]}")
        if not parts:
            unknown = counts["unknown"]
            doubt = f", but for {unknown} that cannot be told" if unknown else ""
            answer = "answer" if old[1:] else "answers"
            return f"No open page breaks: the {total} {answer}{doubt}."
        text = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
        share = self._share(self.of_kind(*BREAKS))
        if share:
            clicks = self.diff.clicks or 0
            text += f"; they had {share} of {clicks:,} click{'s' * (clicks != 1)}"
        return f"{text}."

    def lines(self) -> list[Line]:
        """Return the rows that break or are unknown, the most important first."""
        groups: dict[tuple[object, ...], list[Row]] = {}
        for one in self.of_kind(*_SHOWN):
            # Why the files cannot tell is the same of many, as of all pages.
            name = "" if one.kind == "unknown" else one.name
            same = (one.kind, name, one.why, one.line, one.candidates)
            groups.setdefault(same, []).append(one)
        several = sorted(groups.values(), key=_importance)
        return [Line(rows, self._share(rows)) for rows in several]

    def rest(self, lines: list[Line]) -> str:
        """Return the numbers of rows in lines that are not shown."""
        rows = [row for one in lines for row in one.rows]
        share = percent(_clicks(rows), self.diff.clicks)
        text = f"{len(rows)} more: {count_kinds(rows, _SHOWN)}"
        return f"{text} ({share})" if share else text

    def footers(self) -> Iterator[str]:
        """Yield the sentences below the rows."""
        diff = self.diff
        followed = sum(1 for one in self.of_kind("same") if one.why)
        same, new = len(self.of_kind("same")), len(self.of_kind("new"))
        moved = f", {followed} of them elsewhere" if followed else ""
        is_new = f"{new} {'is' if new == 1 else 'are'} new"
        yield f"{same} answer as before{moved}; {is_new}."
        others = [] if self._counts_every else [x for x in diff.rows if not x.handler]
        changed = [one for one in others if one.kind in BREAKS]
        if changed:
            count = sum(one.kind != "new" for one in others)
            text = f"{len(changed)} of {count:,} other functions, which name no event"
            yield f"{text} type, changed: pages that offer them break, too (--all)."
        if diff.clicks:
            yield from self._about_clicks()
        if diff.old.failed == diff.new.failed:
            yield from _failed("either", diff.old)
        else:
            yield from _failed("the old", diff.old)
            yield from _failed("the new", diff.new)
        if self.damaged:
            several = "lines of the clicks were cut off, and do not count"
            single = "line of the clicks was cut off, and does not count"
            yield f"{self.damaged} {several if self.damaged > 1 else single}."

    def _about_clicks(self) -> Iterator[str]:
        if self._none_known:
            keyed = "; are they keyed (--key-env)?"
            keyed = " with these keys." if self.keyed else keyed
            yield f"The old release has none of the clicked ids{keyed}"
        elif self.diff.unknown_clicks:
            share = percent(self.diff.unknown_clicks, self.diff.clicks)
            text = f"{share} of the clicks have ids that the old release does not know"
            yield f"{text}: those of pages of other releases, or of other packages."

    @property
    def _none_known(self) -> bool:
        return self.diff.unknown_clicks == self.diff.clicks

    def _share(self, rows: list[Row]) -> str:
        return "" if self._none_known else percent(_clicks(rows), self.diff.clicks)


def _clicks(rows: list[Row]) -> int:
    return sum(one.clicks or 0 for one in rows)


def _importance(rows: list[Row]) -> tuple[int, int]:
    return -_clicks(rows), _SHOWN.index(rows[0].kind)


def percent(part: int, whole: int | None) -> str:
    """Return a share as a text; empty if there is none."""
    if not whole:
        return ""
    share = 100 * part / whole
    if 0 < share < 0.1:  # noqa: PLR2004 - what is shown with one digit
        return "<0.1 %"
    return f"{share:.0f} %" if share >= 10 or not part else f"{share:.1f} %"  # noqa: PLR2004


def _failed(title: str, manifest: Manifest) -> Iterator[str]:
    several = [f"{name} ({error})" for name, error in sorted(manifest.failed.items())]
    more = len(several) - _MOST_FAILED
    if more > 0:
        several[_MOST_FAILED:] = [f"{more} more"]
    if several:
        yield f"Not imported for {title} manifest: {', '.join(several)}."


def as_text(summary: Summary, paint: Paint, *, full: bool) -> str:
    """Return a screen; with ``full``, every row."""
    lines, shown = summary.lines(), 0
    rows: list[str] = []
    width = max([len(one.name) for one in lines[:_MOST_LINES]], default=0)
    for one in lines:
        row = _row(one, min(width, _WIDEST), paint)
        if not full and len(rows) + len(row) > _MOST_LINES:
            break
        rows += row
        shown += 1
    if lines[shown:]:
        rows.append(f"  {summary.rest(lines[shown:])}; --full shows all")
    head = [paint(summary.title, "dim"), paint(summary.headline, "bold")]
    foot = [*summary.footers()]
    if summary.failed:
        foot.append(paint(summary.failed, "red"))
    return "\n\n".join("\n".join(one) for one in (head, rows, foot) if one) + "\n"


def _row(line: Line, width: int, paint: Paint) -> list[str]:
    kind = paint(f"{line.row.kind:<7}", _COLOURS[line.row.kind])
    share = f"{line.share:>7}" if line.share else ""
    found = [f"{share}  {kind}  {line.name:<{width}}  {line.why}"]
    if line.row.line:
        found += indent(line.row.line, " " * (len(share) + 11)).split("\n")
    return found


def as_markdown(summary: Summary, *, full: bool) -> str:
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
    parts.append(_escaped(" ".join(summary.footers())))
    if summary.failed:
        parts.append(f"**{_escaped(summary.failed)}**")
    parts.append(f"<sub>{_escaped(summary.title)}</sub>")
    return "\n\n".join(parts) + "\n"


def _table(lines: list[Line]) -> Iterator[str]:
    shares = bool(lines[0].share)
    yield "| clicks " * shares + "| | handler | why |"
    yield "|---:" * shares + "|---|---|---|"
    for one in lines:
        share = f"| {_escaped(one.share)} " * shares
        name = one.name.replace("|", "\\|")
        yield f"{share}| {one.row.kind} | `{name}` | {_escaped(one.why)} |"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, also in a table."""
    return text.translate(_IN_MARKDOWN)


def as_annotations(summary: Summary) -> str:
    """Return commands of GitHub's workflows, which it reads in the log of a step."""
    level = "warning" if summary.of_kind(*BREAKS) else "notice"
    level = "error" if summary.failed else level
    found = [_annotation(level, "Open pages after this deploy", summary.headline)]
    for one in summary.lines()[:_MOST_ANNOTATIONS]:
        if one.row.kind in BREAKS:
            share = f" ({one.share} of the clicks)" if one.share else ""
            text = f"{one.row.kind}: {one.why}{share}"
            found.append(_annotation("warning", one.name, text))
    return "\n".join(found) + "\n"


def _annotation(level: str, title: str, text: str) -> str:
    title = title.translate(_IN_COMMAND).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={title}::{text.translate(_IN_COMMAND)}"
