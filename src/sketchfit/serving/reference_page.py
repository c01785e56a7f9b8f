"""The page at `/docs`: all addresses for people, made from the description for programs. It loads nothing."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from sketchfit.serving.openapi import specification

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
h2 { margin-top: 2rem; font-size: 1.15rem } table { border-collapse: collapse }
td { padding: .15rem .75rem .15rem 0; vertical-align: top } code, pre { font: 14px/1.45 ui-monospace, monospace }
"""

EXAMPLES = """curl --data-binary @cat.png -H 'Content-Type: image/png' http://127.0.0.1:8000/predict
curl -F images=@cat.png -F images=@dog.jpg http://127.0.0.1:8000/predict
curl -H "Authorization: Bearer $SKETCHFIT_TOKEN" …      # where the service has a token"""

PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>sketchfit: addresses</title><style>{style}</style></head><body>
<h1>Addresses of this service</h1>
<p>For programs: <a href="openapi.json">openapi.json</a>. To draw: <a href=".">the page</a>.</p>
<pre>{examples}</pre>
{addresses}
<h2>JSON of requests and answers</h2>
{schemas}
</body></html>
""")


@lru_cache(maxsize=1)
def reference_page() -> str:
    """Return the page as HTML."""
    found = specification()
    addresses = [
        _address(path, method, one) for path, methods in found["paths"].items() for method, one in methods.items()
    ]
    schemas = [
        Markup("<details><summary><code>{}</code></summary><pre>{}</pre></details>").format(
            name, json.dumps(schema, indent=1, ensure_ascii=False)
        )
        for name, schema in found["components"]["schemas"].items()
    ]
    return str(
        PAGE.format(
            style=Markup(STYLE),
            examples=EXAMPLES,
            addresses=Markup("\n").join(addresses),
            schemas=Markup("\n").join(schemas),
        )
    )


def _address(path: str, method: str, described: dict[str, Any]) -> Markup:
    """Return one address: its purpose, parameters and statuses."""
    lines = [(one["name"], one["description"]) for one in described.get("parameters", ())]
    lines += [(status, answer["description"]) for status, answer in described["responses"].items()]
    rows = [Markup("<tr><td><code>{}</code></td><td>{}</td></tr>").format(*line) for line in lines]
    return Markup("<h2><code>{} {}</code></h2><p>{}</p><table>{}</table>").format(
        method.upper(), path, described["summary"], Markup("").join(rows)
    )
