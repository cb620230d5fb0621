"""Opening pages in the tab, and waiting until what they draw stands; no wait takes longer than it must."""

from __future__ import annotations

from urllib.parse import urlsplit

WIDE = {"width": 1360, "height": 1000}
PHONE = {"width": 360, "height": 740}
_STANDS = """() => {
  const seen = one => one.offsetHeight && !one.closest('details:not([open])');
  const all = selector => [...document.querySelectorAll(selector)].filter(seen);
  return document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
    && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')
    && all('[data-testid=stDataFrame]').every(table => table.querySelector('canvas'))
    && all('[data-testid=stVegaLiteChart]').every(chart => chart.querySelector('canvas, svg'));
}"""
_FAINT = r"""() => {
  const channels = colour => {
    const [, kind, inside] = colour.match(/^(rgba?|color)\((?:srgb )?([^)]+)\)$/) || [null, 'rgb', '0 0 0 0'];
    const [red, green, blue, alpha = 1] = inside.split(/[ ,/]+/).map(Number);
    const scale = kind === 'color' ? 255 : 1;
    return [red * scale, green * scale, blue * scale, alpha];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const linear = value => value / 255 <= .04045 ? value / 3294.6 : ((value / 255 + .055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const quiet = 'svg, [disabled], [aria-disabled=true], [data-testid=stPaginationEllipsis]';
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const words = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim());
    const style = getComputedStyle(element);
    if (!words.join('') || !element.offsetHeight || style.visibility === 'hidden') continue;
    if (element.closest(quiet)) continue;
    let opacity = 1, background = [255, 255, 255];
    const around = [];
    for (let up = element; up; up = up.parentElement) around.unshift(getComputedStyle(up));
    for (const one of around) {
      opacity *= Number(one.opacity);
      background = over(channels(one.backgroundColor), background);
    }
    const [red, green, blue, alpha] = channels(style.color);
    const ink = over([red, green, blue, alpha * opacity], background);
    const [dark, light] = [luminance(ink), luminance(background)].sort((a, b) => a - b);
    const ratio = (light + .05) / (dark + .05);
    if (opacity && ratio < 4.5) found.push(`${words.join(' ').slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def leaves(address: str) -> bool:
    """Whether a request goes beyond this machine."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost")


def note_what_happens(page) -> None:
    """Note every request beyond this machine, every dialog and every other tab that opens."""
    page.beyond, page.dialogs = [], []
    page.on("request", lambda request: page.beyond.append(request.url) if leaves(request.url) else None)
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.context.on("page", lambda other: page.dialogs.append(other.url) if other is not page else None)


def start_afresh(page) -> None:
    """Leave the page, and forget cookies, size, theme and what was noted."""
    page.goto("about:blank")
    page.context.clear_cookies()
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    page.beyond.clear()
    page.dialogs.clear()


def visit(page, address: str) -> None:
    """Open an address and wait until its page stands."""
    page.goto(address)
    page.locator("[data-testid=stMain] h1").first.wait_for(timeout=30_000)
    settled(page)


def settled(page) -> None:
    """Wait for the end of the script run, and until tables and charts are drawn.

    Until then buttons of the run before may still stand in the page.
    """
    page.wait_for_function(_STANDS, timeout=30_000)
    page.evaluate(_TWO_FRAMES)
    page.wait_for_function(_STANDS, timeout=30_000)


def still(page, locator) -> dict[str, float]:
    """The bounding box of an element once it has stopped moving."""
    before = None
    for _ in range(50):
        page.evaluate(_TWO_FRAMES)
        box = locator.bounding_box()
        if box is not None and box == before:
            return box
        before = box
        page.wait_for_timeout(30)
    raise AssertionError("the element does not stand still")


def sideways(page) -> int:
    """How wide the page's content is."""
    return int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth"))


def faint(page) -> list[str]:
    """Text whose contrast with what lies under it is below 4.5 to 1 (WCAG 2.2), with its contrast."""
    return page.evaluate(_FAINT)
