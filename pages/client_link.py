"""What a client sees behind a shared link."""

from __future__ import annotations

from peachdash.ui.client_link import render_link_page

render_link_page()
