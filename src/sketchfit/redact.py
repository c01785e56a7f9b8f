"""Replace secrets in texts that are written or printed: tokens, passwords, webhook addresses."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sketchfit.dotenv_file import read_dotenv
from sketchfit.own_words import is_own

STARS = "***"

SECRET_NAME = re.compile(
    r"token|secret|passw|api[_-]?key|access[_-]?key|credential|webhook|private[_-]?key|sketchfit_notify", re.IGNORECASE
)
"""Names of variables, options and keys whose value is secret."""

PLAIN_SCHEMES = frozenset(
    {"http", "https", "file", "s3", "gs", "az", "ftp", "sqlite", "local-dir", "hf", "hf-hub", "memory", "ray", "env"}
)
"""Addresses of these kinds may be printed in part; all others (`slack://…`, `tgram://…`) are secret addresses of
notifiers."""

SHORTEST = 6
"""Shorter values of secret variables are not replaced in texts: they could be common words."""

SECRET_KEY = re.compile(
    r"(?:^|[._-])(?:[a-z]*token|secret|passw(?:or)?d|passphrase|(?:api|access|private)[_-]?key|credentials?|authorization"
    r"|webhook(?:[_-]?url)?)$",
    re.IGNORECASE,
)
"""End of a setting's key whose value is secret whatever it looks like."""

_URL = re.compile(r"(?<![\\\w])([a-z][a-z0-9+.-]{0,30})://[^\s'\"<>]*", re.IGNORECASE)
_TOKENS = re.compile(
    r"\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bhf_\w{16,}|\bsk-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bwandb_v1_\w+"
    r"|(?<!\d)\d{6,12}:[\w-]{30,}"  # of a Telegram bot
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    # Older keys of W&B; between slashes it is a revision in the path of a cache.
    r"|(?<![/\w])[0-9a-f]{40}(?![/\w])",
    re.DOTALL,
)
# Lengths are bounded, so that the time grows only in proportion to the text.
_NAMED = rf"(?:{SECRET_NAME.pattern})[\w.-]{{0,99}}"
_VALUE = r"('[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
_ASSIGNED = re.compile(rf"({_NAMED}['\"]?\s*[=:]\s*|--[\w.-]{{0,99}}?{_NAMED}\s+(?!--)){_VALUE}", re.IGNORECASE)
_COUNT = re.compile(r"tokens['\"]?\s*[=:]\s*\d+$", re.IGNORECASE)
_SCHEMES = r"(?:(?:bearer|basic|digest|token|negotiate)\s+)?"
_VARIABLE = r"\$\{?(?-i:[A-Z_][A-Z0-9_]*)\}?(?=['\",\r\n]|$)"
"""The name of a shell's variable in the place of a value."""
_HEADER = re.compile(
    rf"((?:authorization|cookie)['\"]?\s*[=:](?!\s*['\"]?{_SCHEMES}{_VARIABLE})\s*['\"]?{_SCHEMES})[^\r\n'\",]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic|negotiate)(\s+)(?=[\w./+~=-]*[\d./+~=-])[\w./+~=-]{8,}", re.IGNORECASE)
_LOGIN = re.compile(r"(?<![\w.+%/-])[\w.+%-]+:[^\s:@/'\"]+@(?=[\w-]+(?:\.[\w-]+)+)")
# Ids of Slack, and long words of lower-case and capital letters and digits.
_PATH_TOKEN = re.compile(r"/(?:(?=[A-Z]*\d)[A-Z][A-Z0-9]{8,}|(?=[^/]*\d)(?=[^/]*[A-Z])(?=[^/]*[a-z])[\w-]{16,})(?=/|$)")
_WEBHOOK = re.compile(
    r"((?:hooks\.slack\.com/[a-z]+|(?:discord|discordapp)\.com/api(?:/v\d+)?/webhooks|api\.telegram\.org|"
    r"office\.com/webhook\w*|(?<![\w.])/?services(?=/T\w+/B\w+/))/)([^\s'\"<>?#]+)",
    re.IGNORECASE,
)


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Replace by stars what is secret or looks like a secret.

    Secrets are: values of variables with a secret name, of the environment and of `.env`; addresses of notifiers and
    paths of webhooks; user, password, query and token-like parts of addresses; values of `token=…`, `--password …`,
    `Authorization: …` and similar; tokens of known shapes. A harmless word of the user may be replaced, and a token of
    unknown shape without a name is not found: secrets belong in the environment. Words of sketchfit's own texts stay,
    also where they are the value of a variable.

    Args:
        text: any text.
        environ: variables with known secrets; by default those of the process and of `.env` in the working folder.
    """
    known = {**read_dotenv(Path(".env")), **os.environ} if environ is None else environ
    for secret in sorted(known_secrets(known), key=len, reverse=True):
        text = text.replace(secret, STARS)
    text = _URL.sub(_address, text)
    text = _WEBHOOK.sub(lambda match: match[1] + _starred_path(match[2]), text)
    text = _TOKENS.sub(STARS, text)
    text = _HEADER.sub(lambda match: f"{match[1]}{STARS}", text)
    text = _SCHEME.sub(lambda match: f"{match[1]}{match[2]}{STARS}", text)
    text = _LOGIN.sub(f"{STARS}@", text)
    return _ASSIGNED.sub(lambda match: match[0] if _is_prose(match) else f"{match[1]}{STARS}", text)


def this_command() -> str:
    """Return the command of this process, with secrets replaced by stars; `python -m sketchfit` is `sketchfit`."""
    name = Path(sys.argv[0]).name
    return command_line(["sketchfit" if name == "__main__.py" else name, *sys.argv[1:]])


def command_line(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """Return a command in one line, quoted for a shell, with secrets replaced by stars."""
    # Quoting can change a secret so that it is not found, and only the complete line shows `--token SECRET`.
    shown = [redact(argument, environ) for argument in arguments]
    return redact(shlex.join(shown), environ)


def known_secrets(environ: Mapping[str, str]) -> set[str]:
    """Return the values of variables with a secret name; each address of a notifier, also without its `…://`."""
    found = set()
    for name, value in environ.items():
        if SECRET_NAME.search(name) and not _COUNT.search(f"{name}={value}"):
            parts = [value, *re.split(r"[\s,]+", value)]
            found.update(parts)
            found.update(part.partition("://")[2] for part in parts)
    # A path (…_TOKEN_FILE=/run/secrets/x) is the place of a secret, not the secret.
    return {value for value in found if len(value) >= SHORTEST and value[0] not in "/~" and not is_own(value)}


def secret_keys(settings: Mapping[str, object], environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the keys, with dots, whose name or value is a secret. `settings` may be nested."""
    return [
        key for key, value in _leaves(settings) if redact(value, environ) != value or (value and SECRET_KEY.search(key))
    ]


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
    at, place = _without_login(url.partition("://")[2])
    if scheme not in {"http", "https", "ftp"}:
        return f"{match[1]}://{at}{place}"
    path, mark, _ = place.partition("#")
    path, question, _ = path.partition("?")
    host, slash, path = path.partition("/")
    return "".join(
        [
            f"{match[1]}://",
            at,
            host,
            _PATH_TOKEN.sub(f"/{STARS}", slash + path),
            f"?{STARS}" if question else "",
            f"#{STARS}" if mark else "",
        ]
    )


def _without_login(rest: str) -> tuple[str, str]:
    """Split what follows `://`: stars for user and password, if there are any, and the rest.

    A password may contain `/`, `?`, `#` and `@`.
    """
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, _ = host.partition("@")
    if at:
        end = rest.rfind("@") if ":" in user else host.rfind("@")
    elif re.match(r"[^/?#:]*:(?!\d+(?:[/?#]|$))[^@]*@", rest):  # not host:port/path@x
        end = rest.rfind("@")
    else:
        return "", rest
    return f"{STARS}@", rest[end + 1 :]


def _is_prose(match: re.Match[str]) -> bool:
    """Return whether what looks like a secret with its name is a number of tokens, or a sentence with a colon."""
    name, value = match[1], match[2]
    if _COUNT.search(match[0]):
        return True
    if not name.endswith(": ") or value[0] in "'\"":
        return False
    return is_own(value.rstrip(".!?)")) or re.fullmatch(r"\d{1,4}[.%]?", value) is not None


def _starred_path(path: str) -> str:
    """Replace the parts of a path, except numbers, which are public ids."""
    return "/".join(part if part.isdecimal() or not part else STARS for part in path.split("/"))
