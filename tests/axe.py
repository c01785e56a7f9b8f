"""The accessibility rules of axe-core, applied to the page that a browser shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest

_RUN = """
const done = arguments[arguments.length - 1], rules = arguments[0];
const options = { resultTypes: ["violations"], ...(rules.length ? { runOnly: { type: "rule", values: rules } } : {}) };
const lines = (one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.html.slice(0, 150)}`);
const found = axe.run(arguments[1] || document, options);
found.then((found) => done(found.violations.flatMap(lines)), (error) => done([String(error)]));
"""


def violations(browser: Any, rules: Sequence[str] = (), within: str | None = None) -> list[str]:
    """Each violation as `rule: selector: element`; the test is skipped where axe-core is not installed.

    Args:
        browser: shows the page.
        rules: only these; all that are on by default if empty.
        within: selector of the element to check; the complete page if None.
    """
    pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    if not browser.execute_script("return typeof axe !== 'undefined'"):
        browser.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    browser.set_script_timeout(60)
    return list(browser.execute_async_script(_RUN, list(rules), within))
