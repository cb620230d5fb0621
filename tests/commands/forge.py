"""Runs `peachdash` again and again, each time in a process of its own, without importing it each time.

`python forge.py` imports what commands need, then forks a child for each line of JSON on standard input:
`arguments`, `environment`, `folder`, the paths `out` and `err`, and `modules` to import before. It answers
each with the exit status on a line. A child has its own environment, folder and output, as a user's has.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback

COMMON = ("pandas", "pyarrow", "duckdb", "sqlalchemy", "peachdash.cli", "peachdash.terminal")


def main() -> None:
    """Answer requests until standard input ends."""
    for name in COMMON:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        for name in request["modules"]:
            importlib.import_module(name)
        child = os.fork()
        if child == 0:
            _become(request)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(request: dict) -> None:
    """Be the command: never returns."""
    for path, number, flags in (
        (os.devnull, 0, os.O_RDONLY),
        (request["out"], 1, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (request["err"], 2, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o600), number)
    os.environ.clear()
    os.environ.update(request["environment"])
    if "huggingface_hub.constants" in sys.modules:  # it reads the environment when it is imported
        importlib.reload(sys.modules["huggingface_hub.constants"])
    os.chdir(request["folder"])
    sys.argv = ["peachdash", *request["arguments"]]
    status = 1
    try:
        from peachdash.cli import main as run

        run()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
