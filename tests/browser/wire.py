"""A browser session without a browser: speaks Streamlit's wire protocol, so that many fit on a machine.

It keeps what a page would show (the last run's elements), clicks buttons and answers as a browser does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

_FINISHED = ForwardMsg.FINISHED_SUCCESSFULLY
_COMPILE_ERROR = ForwardMsg.FINISHED_WITH_COMPILE_ERROR


@dataclass
class Shown:
    """What one finished run drew, in order."""

    buttons: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return "\n".join(self.texts)


class WireSession:
    """One visitor of a page.

    Args:
        address: of the dashboard.
        page: its path, such as "feedback".
        query: the address's query, without the question mark.
        timeout: seconds to wait for the end of a run.
    """

    def __init__(self, address: str, page: str, query: str, timeout: float = 60.0) -> None:
        host = urlsplit(address).netloc
        self._socket = connect(
            f"ws://{host}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=f"http://{host}",
            max_size=None,
            open_timeout=timeout,
        )
        self._page, self._query, self._timeout = page, query, timeout
        self._kept: dict[str, ForwardMsg] = {}

    def close(self) -> None:
        self._socket.close()

    def open(self) -> Shown:
        """Run the page as on a first visit."""
        return self._run(None)

    def click(self, shown: Shown, key: str) -> Shown:
        """Press the button with a key, as the last run drew it."""
        return self._run(shown.buttons[key])

    def _run(self, pressed: str | None) -> Shown:
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = self._page
        if pressed is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = pressed, True
        self._socket.send(message.SerializeToString())
        return self._read()

    def _read(self) -> Shown:
        elements: dict[tuple[int, ...], ForwardMsg] = {}
        while True:
            received = ForwardMsg()
            received.ParseFromString(self._socket.recv(timeout=self._timeout))
            kind = received.WhichOneof("type")
            if kind == "ref_hash":
                path = list(received.metadata.delta_path)
                received = self._kept[received.ref_hash]
                elements[tuple(path)] = received
                continue
            if received.metadata.cacheable:
                self._kept[received.hash] = received
            if kind == "new_session":
                elements = {}
            elif kind == "delta":
                elements[tuple(received.metadata.delta_path)] = received
            elif kind == "script_finished" and received.script_finished in (_FINISHED, _COMPILE_ERROR):
                return _shown(elements)


def _shown(elements: dict[tuple[int, ...], ForwardMsg]) -> Shown:
    shown = Shown()
    for path in sorted(elements):
        element = elements[path].delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            match = re.search(r"-([a-z]+_[^-]*|[a-z_]+)$", element.button.id)
            key = match[1] if match else element.button.id
            shown.buttons[key], shown.labels[key] = element.button.id, element.button.label
        elif kind == "exception":
            shown.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert":
            shown.texts.append(element.alert.body)
            if element.alert.format == element.alert.ERROR:
                shown.errors.append(element.alert.body)
        elif kind in ("markdown", "heading", "text"):
            shown.texts.append(getattr(element, kind).body)
    return shown
