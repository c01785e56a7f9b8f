"""Replace secrets in texts that are written or printed: tokens, passwords, webhook addresses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

STARS = "***"

SECRET_NAME = re.compile(
    r"token|secret|passw|api[_-]?key|access[_-]?key|credential|webhook|private[_-]?key|sketchfit_notify", re.IGNORECASE
)
"""Names of variables, options and keys whose value is secret."""

PLAIN_SCHEMES = frozenset(
    {"http", "https", "file", "s3", "gs", "az", "ftp", "sqlite", "local-dir", "hf", "hf-hub", "memory"}
)
"""Addresses of these kinds may be printed in part; all others (`slack://…`, `tgram://…`) are secret addresses of
notifiers."""

SHORTEST = 6
"""Shorter values of secret variables are not replaced in texts: they could be common words."""

_URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s'\"<>]*", re.IGNORECASE)
_TOKENS = re.compile(
    r"\bxox[a-z]-[\w-]{8,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bhf_\w{16,}|\bsk-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bwandb_v1_\w+"
    # Older keys of W&B; between slashes it is a revision in the path of a cache.
    r"|(?<![/\w])[0-9a-f]{40}(?![/\w])"
)
_NAMED = rf"[\w.-]*(?:{SECRET_NAME.pattern})[\w.-]*"
_VALUE = r"('[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
_ASSIGNED = re.compile(rf"({_NAMED}['\"]?\s*[=:]\s*|--{_NAMED}\s+(?!--)){_VALUE}", re.IGNORECASE)
# Ids of Slack, and long words of lower-case and capital letters and digits.
_PATH_TOKEN = re.compile(r"/(?:(?=[A-Z]*\d)[A-Z][A-Z0-9]{8,}|(?=[^/]*\d)(?=[^/]*[A-Z])(?=[^/]*[a-z])[\w-]{16,})(?=/|$)")


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Replace by stars what is secret or looks like a secret.

    Secrets are: values of environment variables with a secret name; addresses of notifiers; user, password, query and
    token-like parts of web addresses; values of `token=…`, `--password …` and similar; tokens of known shapes. A
    harmless word may be replaced, and a token of unknown shape without a name is not found: secrets belong in the
    environment.

    Args:
        text: any text.
        environ: variables with known secrets; by default those of the process.
    """
    for secret in sorted(known_secrets(os.environ if environ is None else environ), key=len, reverse=True):
        text = text.replace(secret, STARS)
    text = _URL.sub(_address, text)
    text = _TOKENS.sub(STARS, text)
    return _ASSIGNED.sub(lambda match: f"{match[1]}{STARS}", text)


def command_line(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """Return a command in one line, with secrets replaced by stars."""
    return redact(" ".join(arguments), environ)


def known_secrets(environ: Mapping[str, str]) -> set[str]:
    """Return the values of variables with a secret name; each address of a notifier, also without its `…://`."""
    found = set()
    for name, value in environ.items():
        if SECRET_NAME.search(name):
            parts = [value, *re.split(r"[\s,]+", value)]
            found.update(parts)
            found.update(part.partition("://")[2] for part in parts)
    # A path (…_TOKEN_FILE=/run/secrets/x) is the place of a secret, not the secret.
    return {value for value in found if len(value) >= SHORTEST and value[0] not in "/~"}


def secret_keys(settings: Mapping[str, object], environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the keys, with dots, whose name or value is a secret. `settings` may be nested."""
    return [key for key, value in _leaves(settings) if redact(value, environ) != value]


def _leaves(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, prefix)
    elif isinstance(value, str):
        yield prefix, value


def _address(match: re.Match[str]) -> str:
    scheme, url = match[1].lower(), match[0]
    if scheme not in PLAIN_SCHEMES:
        return f"{match[1]}://{STARS}"
    if scheme not in {"http", "https", "ftp"}:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{match[1]}://{STARS}"
    host = parts.netloc.rpartition("@")[2]
    user = f"{STARS}@" if "@" in parts.netloc else ""
    path = _PATH_TOKEN.sub(f"/{STARS}", parts.path)
    rest = (f"?{STARS}" if parts.query else "") + (f"#{STARS}" if parts.fragment else "")
    return f"{match[1]}://{user}{host}{path}{rest}"
