"""Standard output and files that a user asked for, where they cannot be written as they are."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import BinaryIO

from videonas.errors import VideonasError

PLAIN = {
    "²": "^2", "×": "x", "–": "-", "−": "-", "…": "...", "→": "->",
    "─": "-", "│": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "▼": "v",
}
"""What stands for a character of ours where the encoding of the output has none such."""

HANDLER = "videonas-plain"


class OutputError(VideonasError):
    """Standard output that cannot be written."""


class Output(io.TextIOWrapper):
    """Standard output, with its errors as sentences. Characters that its encoding lacks are
    replaced.
    """

    def __init__(self, buffer: BinaryIO, like: io.TextIOWrapper) -> None:
        """Writes text.

        Args:
            buffer: to write it to.
            like: the stream whose encoding and buffering it has.
        """
        self._failed = False
        super().__init__(
            buffer, like.encoding, HANDLER, line_buffering=like.line_buffering,
            write_through=like.write_through,
        )

    def write(self, text: str) -> int:
        """Writes, as any stream does.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            return super().write(text)
        except OSError as error:
            raise self._failure(error) from None

    def flush(self) -> None:
        """Writes what waits to be written.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            super().flush()
        except OSError as error:
            raise self._failure(error) from None

    def finish(self) -> None:
        """Writes what waits to be written, or drops it where an error was raised before.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            if not self._failed:
                self.flush()
        finally:
            if self._failed:  # Python would try again, and complain
                with open(os.devnull, "w") as nowhere:
                    os.dup2(nowhere.fileno(), self.fileno())

    def close(self) -> None:
        """Closes it, as `finish` does."""
        if not self.closed:
            try:
                self.finish()
            finally:
                super().close()

    def _failure(self, error: OSError) -> OutputError:
        self._failed = True
        return OutputError(f"standard output: {error.strerror}")


def name_output_errors() -> None:
    """Makes an `Output` of this process's standard output."""
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = Output(sys.stdout.buffer, sys.stdout)


def write_output(path: Path, content: str | bytes) -> None:
    """Writes a file whole or, unless it is a device, not at all; text as UTF-8.

    Raises:
        OSError: it cannot be written; `filename` says which file it is.
    """
    data = content.encode() if isinstance(content, str) else content
    place = path.resolve()  # a link stays one
    device = place.exists() and not place.is_file()
    part = place if device else place.with_name(f".{place.name}.part")
    try:
        part.write_bytes(data)
        if not device:
            part.replace(place)
    except OSError as error:
        if not device:
            with contextlib.suppress(OSError):
                part.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def _in_plain_characters(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no text
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return PLAIN.get(character, "?"), error.start + 1


codecs.register_error(HANDLER, _in_plain_characters)
