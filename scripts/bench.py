"""What this machine does: cold start, page times on the demo data, texts read in a second.

`make bench` prints a table and writes `build/bench.json`. It works on a copy of the demo home, so that
nothing it does is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from scripts.bench_home import REPOSITORY, copied_demo_home

PAGES = ("overview", "business", "before_after", "upload", "feedback")
RUNS = 5
TEXTS = 400


def main() -> None:
    """Measure, print, write."""
    argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__).parse_args()
    with copied_demo_home() as copy:
        os.environ["PEACHDASH_HOME"] = str(copy)
        found = {
            "machine": {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine()},
            "first_page_seconds": cold_start(),
            **read_texts(),
            "page_seconds": page_times(),
        }
    print(f"first page after `peachdash serve`: {found['first_page_seconds']:.2f} s")
    for model, speed in found["texts_per_second"].items():
        print(f"{model}: {speed:.0f} texts a second ({found['mean_tokens']:.0f} tokens on average)")
    for page, seconds in found["page_seconds"].items():
        print(
            f"page {page:<13} median {seconds['median']:.2f} s, slowest {seconds['slowest']:.2f} s of {RUNS}"
        )
    target = REPOSITORY / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    print(f"written to {target.relative_to(REPOSITORY)}")


def cold_start() -> float:
    """Seconds from starting `serve` until the first page is delivered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "peachdash.cli", "serve", "--no-browser", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - started < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - started
            except OSError:
                time.sleep(0.02)
        sys.exit("`peachdash serve` did not answer within a minute.")
    finally:
        process.terminate()
        process.wait(timeout=30)


def page_times() -> dict[str, dict[str, float]]:
    """Seconds of one script run of each page, warm, by Streamlit's own test runner."""
    from streamlit.testing.v1 import AppTest

    from peachdash.jobs.service import stop_service

    found = {}
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60).run()
    for page in PAGES:
        app.switch_page(f"pages/{page}.py").run()
        seconds = []
        for _ in range(RUNS):
            started = time.perf_counter()
            app.run()
            seconds.append(time.perf_counter() - started)
        if app.exception:
            sys.exit(f"The page {page} failed: {app.exception[0].message}")
        found[page] = {"median": statistics.median(seconds), "slowest": max(seconds)}
    stop_service()
    return found


def read_texts() -> dict[str, object]:
    """Texts a second of the champion, and of champion and generic together, models loaded."""
    from peachdash.config import load_settings
    from peachdash.sentiment.active import find_pair
    from peachdash.sentiment.corpus import load_reviews
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.text import scored_texts

    settings = load_settings()
    reviews = load_reviews(settings.data, "train").head(TEXTS)
    texts = scored_texts(list(reviews["title"]), list(reviews["text"]))
    champion, generic = find_pair(settings)
    scorer = Scorer(settings.encoders, device=settings.device, threads=settings.threads)
    scorer.score(texts[:8], [champion, generic])
    tokens = sum(scorer.loaded(champion).encode(texts).lengths) / len(texts)
    speeds = {}
    for name, models in (("champion", [champion]), ("champion and generic", [champion, generic])):
        started = time.perf_counter()
        scorer.score(texts, models)
        speeds[name] = len(texts) / (time.perf_counter() - started)
    return {"texts_per_second": speeds, "mean_tokens": float(tokens)}


if __name__ == "__main__":
    main()
