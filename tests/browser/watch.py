"""What a page did in the browser, as far as an attack could show: dialogs, requests, marks in the page."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Dialog, Page, Request, Route

SIGN = "31337"  # what the attacks have in their code
# follows every link that stands in the text of a student or of MathJax, as a curious reader would
FOLLOW = """() => [...document.querySelectorAll('a, area, form, button, svg *')].map(link => {
    if (link.closest('nav, .navbar, .panel-heading') || /^#/.test(link.getAttribute('href'))) return '';
    link.removeAttribute('target');
    link.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, view: window}));
    const address = link.href ?? link.getAttribute('xlink:href') ?? '';
    return address.baseVal ?? address;
})"""
# what was handed in beside the notebook: the formgrader serves it by its ending, as a picture or a PDF
# a file beside the notebooks, of a kind of which a browser runs nothing
SCAN = re.compile(
    r"http://[\w.:]+/formgrader/submissions/\w+/[^/?#]+\.(pdf|png|jpe?g|gif|webp|bmp|tiff?|heic|txt|md|tex|csv|docx?|odt|rtf"
    r"|pages|zip|download)"
)
# the formgrader's page has fetched marks and comments; other pages have nothing to fetch
READY = """() => document.readyState === 'complete' && (typeof formgrader === 'undefined'
    || (formgrader.loaded && formgrader.grades.loaded && formgrader.comments.loaded))"""


@dataclass
class Watch:
    """Notes what happens in the one page of a browser context. homes: where it may fetch from."""

    context: BrowserContext
    homes: tuple[str, ...]
    page: Page = field(init=False)  # one for all addresses: to open another takes longer than to read it
    dialogs: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # requests to anywhere else
    asked: list[str] = field(default_factory=list)  # requests that an attack made
    _reading: bool = False

    def __post_init__(self) -> None:
        self.context.route("**/*", self._route)
        self.context.on("dialog", self._dialog)
        self.page = self.context.new_page()

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _route(self, route: Route, request: Request) -> None:
        url = request.url
        reading = self._reading and request.is_navigation_request()
        if SIGN in url and not reading:
            self.asked.append(url)
        if reading:
            route.abort("aborted")  # the page stays as it is
        elif url.startswith((*self.homes, "data:", "blob:")):
            route.continue_()
        else:
            self.left.append(url)
            route.abort()

    def visit(self, url: str) -> None:
        """Open an address."""
        self.page.goto("about:blank")  # ends what the last one still has under way
        self._reading = False
        self.page.goto(url)

    def read(self, url: str) -> list[str]:
        """Open an address, let it come to rest, follow its links -> what ran, in words; nothing, it is hoped."""
        for notes in (self.dialogs, self.left, self.asked):
            notes.clear()
        self.visit(url)
        self.page.wait_for_function(READY)
        self.page.evaluate("() => window.MathJax && new Promise(done => MathJax.Hub.Queue(done))")
        self._reading = True
        links: list[str] = self.page.evaluate(FOLLOW)
        self.page.evaluate("() => new Promise(done => setTimeout(done, 0))")  # what the clicks set off comes first
        marked = self.page.evaluate("() => [String(window.__won), document.title]")
        ran = [f"dialog {text}" for text in self.dialogs] + [f"marker {text}" for text in marked if SIGN in text]
        ran += [f"request to another host: {url}" for url in self.left]
        ran += [f"request by an attack: {url}" for url in self.asked]
        ran += [f"link to {url}" for url in links if url and url[0] != "#" and not SCAN.fullmatch(url)]
        return list(dict.fromkeys(ran))
