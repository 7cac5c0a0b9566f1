"""Sixty strings that would like to be more than text."""

from __future__ import annotations

__all__ = ["WORDS"]

CALL = "window.pwned=1"

WORDS = (
    f"<script>{CALL}</script>",
    f"</script><script>{CALL}</script>", f"<!--<script>{CALL}", f"--><script>{CALL}</script>",
    f"<img src=x onerror={CALL}>", f"'><img src=x onerror={CALL}>", f'"><img src=x onerror={CALL}>',
    f"<svg onload={CALL}>", f"<svg/onload={CALL}>", f"</svg><script>{CALL}</script>",
    f"</title><script>{CALL}</script>",
    f"</style><script>{CALL}</script>", f"<body onload={CALL}>",
    f"<iframe src=javascript:{CALL}>",
    f"<iframe srcdoc='<script>{CALL}</script>'>", f"<a href=javascript:{CALL}>x</a>",
    '<a href="https://example.org">x</a>',
    f"<math><mtext></mtext><script>{CALL}</script></math>", f"</math><img src=x onerror={CALL}>",
    f"<math href=javascript:{CALL}>x</math>", f"<mglyph><style><img src=x onerror={CALL}></style>",
    f"<mtext><table><mglyph><style><img src=x onerror={CALL}>", f"<input autofocus onfocus={CALL}>",
    f"<details open ontoggle={CALL}>", f"<marquee onstart={CALL}>", f"<video><source onerror={CALL}>",
    f"<form action=javascript:{CALL}><button>x", f"<object data=javascript:{CALL}>", f"<embed src=javascript:{CALL}>",
    '<link rel="stylesheet" href="https://example.org/x.css">', '<base href="https://example.org/">',
    '<meta http-equiv="refresh" content="0;url=https://example.org/">', "<style>*{display:none}</style>",
    "<style>@import 'https://example.org/x.css'</style>", f"<template><script>{CALL}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={CALL}>'>", f"<textarea></textarea><script>{CALL}</script>",
    f"<desc><script>{CALL}</script></desc>", f"</desc><foreignObject><img src=x onerror={CALL}>",
    f"<foreignObject><body onload={CALL}>", f"<animate onbegin={CALL} attributeName=x dur=1s>",
    f"<set attributeName=onload to={CALL}>", f"<use href='data:image/svg+xml,<svg onload={CALL}>'>",
    f'" onmouseover="{CALL}', f"' onmouseover='{CALL}", f'" autofocus onfocus="{CALL}" x="', f"` onload=`{CALL}",
    f"&lt;script&gt;{CALL}&lt;/script&gt;", f"&#60;script&#62;{CALL}&#60;/script&#62;", f"\\u003cscript\\u003e{CALL}",
    f'"}};{CALL};//', f"']);{CALL};//", f"${{{CALL}}}", "$style $script $$", f"javascript:{CALL}",
    "\u2028\u2029\u0000\u0008\u001b[2J", "\u202egnirts\u202d", "\ud800", "]]>",
    "<![CDATA[<script>window.pwned=1</script>]]>",
)  # fmt: skip
