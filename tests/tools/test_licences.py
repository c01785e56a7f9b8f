"""Licences are judged by the worst part that must be kept."""

from __future__ import annotations

import pytest

from tools.licences import Kind, Package, judge, page


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("MIT", "permissive"),
        ("BSD License", "permissive"),
        ("Apache-2.0 WITH LLVM-exception", "permissive"),
        ("Python Software Foundation License", "permissive"),
        ("MPL-2.0 AND MIT", "weak copyleft"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "weak copyleft"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "weak copyleft"),
        ("LGPL-2.1-or-later", "weak copyleft"),
        ("GPL-3.0-or-later", "copyleft"),
        ("GNU General Public License v2 (GPLv2)", "copyleft"),
        ("GNU Affero General Public License v3", "copyleft"),
        ("BSD-3-Clause AND AGPL-3.0", "copyleft"),
        ("GPL-2.0-only OR MIT", "permissive"),
        ("(MIT AND LGPL-3.0) OR GPL-3.0", "weak copyleft"),
        ("GPL-3.0 WITH GCC-exception-3.1", "permissive"),
        ("Proprietary", "unknown"),
        ("not named", "unknown"),
    ],
)
def test_judge(licence: str, kind: Kind) -> None:
    assert judge(licence) == kind


def test_the_page_lists_each_package_and_who_installs_it() -> None:
    text = page(
        [
            Package("certifi", "MPL-2.0", "weak copyleft", ("dev", "notify")),
            Package("ruff", "MIT", "permissive", ("dev",)),
        ]
    )
    assert "| certifi | MPL-2.0 | notify |" in text
    assert "| ruff | MIT | developers |" in text
    assert "2 packages, of which 1 are for users" in text
    assert "| certifi | weak copyleft |" in text
