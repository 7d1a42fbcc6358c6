"""PyYAML's own parser, brought into line with libyaml where the two read a text differently.

Left alone, PyYAML refuses tabs that libyaml takes as space, ends unquoted flow text at a question mark, lets
a colon end one where libyaml refuses it, and finds tags and empty explicit keys of another extent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import yaml
from yaml.error import Mark
from yaml.events import Event, ScalarEvent
from yaml.scanner import ScannerError
from yaml.tokens import FlowEntryToken, FlowSequenceEndToken, ScalarToken, TagToken, Token, ValueToken

if TYPE_CHECKING:

    class _Base(yaml.SafeLoader):
        """What is used of PyYAML's scanner, with types."""

        line: int
        column: int
        indent: int
        flow_level: int
        allow_simple_key: bool
        state: Callable[[], Event]
        states: list[Callable[[], Event]]

        def peek(self, index: int = 0) -> str: ...
        def prefix(self, length: int = 1) -> str: ...
        def forward(self, length: int = 1) -> None: ...
        def get_mark(self) -> Mark: ...
        def get_token(self) -> Token: ...
        def check_token(self, *choices: object) -> bool: ...
        def parse_flow_node(self) -> Event: ...
        def parse_flow_sequence_entry_mapping_value(self) -> Event: ...
        def process_empty_scalar(self, mark: Mark | None) -> ScalarEvent: ...
        def scan_flow_scalar_non_spaces(self, double: object, start_mark: Mark) -> list[str]: ...
        def scan_line_break(self) -> str: ...
        def scan_block_scalar_indentation(self) -> tuple[list[str], int, Mark]: ...
        def scan_block_scalar_breaks(self, indent: int) -> tuple[list[str], Mark]: ...
else:
    _Base = yaml.SafeLoader

_BLANK_OR_END = "\0 \t\r\n"
_FLOW_ENDS = ",[]{}"
_URI = r"(?:[\w\-;/?:@&=+$.!~*'()]|%[0-7][0-9A-Fa-f])"
_TAG = re.compile(
    rf"!<(?:{_URI}|[,\[\]])+>|(?P<handle>![\w\-]*!)(?P<suffix>{_URI}+)|!(?![\w\-]*!){_URI}*", re.ASCII
)


class PureLoader(_Base):
    """Reads what libyaml reads, at about a fifteenth of its speed."""

    def scan_to_next_token(self) -> None:
        """Skip spaces, comments and line breaks, and tabs where no indentation is counted."""
        while True:
            while self.peek() == " " or (
                self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)
            ):
                self.forward()
            self._skip_comment()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> ScalarToken:
        """Text without quotes, over as many lines as it takes."""
        start = end = self.get_mark()
        chunks: list[str] = []
        gap, broken = "", False
        while not self._at_document_mark() and self.peek() != "#":
            length = self._plain_length(start)
            if length:
                chunks += gap, self.prefix(length)
                self.forward(length)
                end = self.get_mark()
            gap, broken = self._gap(start)
            if not gap or (not self.flow_level and self.column <= self.indent):
                break
        if broken:
            self.allow_simple_key = True
        return ScalarToken("".join(chunks), True, start, end)

    def _at_document_mark(self) -> bool:
        return self.column == 0 and self.prefix(3) in {"---", "..."} and self.peek(3) in _BLANK_OR_END

    def _plain_length(self, start: Mark) -> int:
        length = 0
        while (character := self.peek(length)) not in _BLANK_OR_END:
            if character == ":":
                following = self.peek(length + 1)
                if following in _BLANK_OR_END:
                    break
                if self.flow_level and following in _FLOW_ENDS + "?":
                    self.forward(length)
                    raise self._error("found unexpected ':'", start)
            elif self.flow_level and character in _FLOW_ENDS:
                break
            length += 1
        return length

    def _gap(self, start: Mark) -> tuple[str, bool]:
        """What white space counts as if more text follows, and whether it holds a line break."""
        length = breaks = 0
        while self.peek(length) in {" ", "\t"}:
            length += 1
        spaces = self.prefix(length)
        self.forward(length)
        while self.scan_line_break():
            breaks += 1
            while self.peek() in {" ", "\t"}:
                if self.peek() == "\t" and self.column <= self.indent:
                    raise self._error("found a tab character that violates indentation", start)
                self.forward()
        return ("\n" * (breaks - 1) or " ", True) if breaks else (spaces, False)

    def scan_flow_scalar_non_spaces(self, double: object, start_mark: Mark) -> list[str]:
        """Text between quotes up to a space; escapes have to name characters."""
        try:
            chunks = super().scan_flow_scalar_non_spaces(double, start_mark)
            "".join(chunks).encode()
        except (ValueError, OverflowError):
            raise self._error("found invalid Unicode character escape code", start_mark) from None
        return chunks

    def scan_tag(self) -> TagToken:
        """A tag, which is going to be reported."""
        start = self.get_mark()
        length = 0
        while self.peek(length) not in _BLANK_OR_END:
            length += 1
        found = _TAG.match(self.prefix(length))
        self.forward(found.end() if found else 1)
        if not found or self.peek() not in _BLANK_OR_END + ("," if self.flow_level else ""):
            raise self._error("this is not a tag", start)
        return TagToken((found["handle"], found["suffix"] or "!"), start, self.get_mark())

    def scan_block_scalar_indicators(self, start_mark: Mark) -> tuple[bool | None, int | None]:
        """The `+`, `-` and digit behind `|` or `>`, in either order."""
        chomping: bool | None = None
        increment: int | None = None
        while True:
            character = self.peek()
            if character in {"+", "-"} and chomping is None:
                chomping = character == "+"
            elif character in set("0123456789") and increment is None:
                increment = int(character)
            else:
                return chomping, increment
            if increment == 0:
                raise self._error("found an indentation indicator equal to 0", start_mark)
            self.forward()

    def scan_block_scalar_ignored_line(self, start_mark: Mark) -> None:
        """The rest of the line behind `|` or `>`."""
        while self.peek() in {" ", "\t"}:
            self.forward()
        self._skip_comment()
        if self.peek() not in {"\0", "\r", "\n"}:
            raise self._error("did not find expected comment or line break", start_mark)
        self.scan_line_break()

    def scan_block_scalar_indentation(self) -> tuple[list[str], int, Mark]:
        """The empty lines before a block text whose indentation is not known yet."""
        found = super().scan_block_scalar_indentation()
        self._refuse_tab()
        return found

    def scan_block_scalar_breaks(self, indent: int) -> tuple[list[str], Mark]:
        """The empty lines inside a block text."""
        found = super().scan_block_scalar_breaks(indent)
        if self.column < indent:
            self._refuse_tab()
        return found

    def parse_flow_sequence_entry_mapping_key(self) -> Event:
        """The key of a pair in a flow list; libyaml loses the token behind an explicit one that is empty."""
        self.get_token()
        if not self.check_token(ValueToken, FlowEntryToken, FlowSequenceEndToken):
            self.states.append(self.parse_flow_sequence_entry_mapping_value)
            return self.parse_flow_node()
        lost = self.get_token()
        self.state = self.parse_flow_sequence_entry_mapping_value
        return self.process_empty_scalar(lost.end_mark)

    def _refuse_tab(self) -> None:
        if self.peek() == "\t":
            raise self._error("found a tab character where an indentation space is expected", self.get_mark())

    def _skip_comment(self) -> None:
        if self.peek() == "#":
            while self.peek() not in {"\0", "\r", "\n"}:
                self.forward()

    def _error(self, problem: str, start: Mark) -> ScannerError:
        return ScannerError("while scanning text", start, problem, self.get_mark())
