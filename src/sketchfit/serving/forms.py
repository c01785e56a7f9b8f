"""The files of a form (multipart/form-data), parsed in memory; other fields are skipped."""

from __future__ import annotations

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from sketchfit.serving.refused import Refused

MOST_FIELDS = 1000
"""Parts of a form, with those that are no files."""


class _Files:
    """Collects the files while a parser goes through a form.

    Attributes:
        found: contents of the files that are complete.
        fields: number of parts so far.
    """

    def __init__(self, most: int) -> None:
        self.found: list[bytes] = []
        self.fields = 0
        self._most = most
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._content = bytearray()

    def begin(self) -> None:
        """A part begins."""
        self.fields += 1
        if self.fields > MOST_FIELDS or len(self.found) > self._most:
            raise Refused(413, f"a form may hold {self._most} files and {MOST_FIELDS} fields at most")
        self._headers, self._content = {}, bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name."""
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value."""
        self._value += data[start:end]

    def header_end(self) -> None:
        """A header is complete."""
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        """A piece of a part's content."""
        self._content += data[start:end]

    def end(self) -> None:
        """A part is complete."""
        if self._is_file():
            self.found.append(bytes(self._content))

    def _is_file(self) -> bool:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        return b"filename" in options or self._headers.get(b"content-type", b"").startswith(b"image/")


def file_parts(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """Return the contents of a form's files, whatever their fields are called.

    Args:
        body: of the request.
        boundary: between its parts.
        most: number of files.

    Raises:
        Refused: it is no form, it is truncated (400), or it has too many parts (413).
    """
    if not boundary:
        raise Refused(400, "the header Content-Type of the form has no boundary")
    files = _Files(most)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": files.begin,
                "on_header_field": files.header_name,
                "on_header_value": files.header_value,
                "on_header_end": files.header_end,
                "on_part_data": files.data,
                "on_part_end": files.end,
            },
        )
        parser.write(body)
    except FormParserError as error:
        raise Refused(400, "the form is damaged") from error
    if parser.state != MultipartState.END:
        raise Refused(400, "the form is truncated: its last boundary is missing")
    return files.found
