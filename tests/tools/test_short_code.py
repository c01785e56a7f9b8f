"""Only short code within a sentence is marked."""

from __future__ import annotations

from tools.site.short_code import mark


def test_short_code_of_a_sentence_is_marked_and_blocks_are_not() -> None:
    block = "<pre><code>sketchfit run\n</code></pre>"
    long = f"<code>{'x' * 29}</code>"
    assert mark(f"<p><code>--set</code></p>{block}{long}") == f'<p><code class="short">--set</code></p>{block}{long}'
