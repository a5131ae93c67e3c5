"""Follows docs/install.md as a new user would, with the simulated vendors: every command of it, as written, in three shells.

Run it in the folder of the project: `python3 tests/e2e/install.py`. It takes the ports that the page names (3000, 4000 to 4003).
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import textwrap
import time
import urllib.request

# The first run builds everything.
BUILD_SECONDS = 1800
SECONDS = 90


def commands():
    """The blocks of shell commands of the part about simulated vendors."""
    page = pathlib.Path("docs/install.md").read_text(encoding="utf-8")
    guide = page[page.index("## With simulated vendors") : page.index("## For real")]
    blocks = [textwrap.dedent(block) for block in re.findall(r"```sh\n(.*?)```", guide, re.S)]
    if len(blocks) != 6:
        raise SystemExit(f"docs/install.md: expected 6 blocks of commands, found {len(blocks)}")
    return blocks


def until(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.2)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def state():
    with urllib.request.urlopen("http://127.0.0.1:4000/_world/state", timeout=10) as answer:
        return json.load(answer)


def is_ready():
    comments = [comment for pull in state()["pull_requests"] for comment in pull["comments"]]
    return any("Ready" in comment["body"] for comment in comments)


def run(block):
    print(block)
    subprocess.run(["bash", "-ec", block.replace("curl ", "curl -fsS ")], check=True)


def stay(block, port, running):
    if listens(port):
        raise SystemExit(f"port {port} is taken: stop what listens there first")
    process = subprocess.Popen(["bash", "-ec", block], start_new_session=True)
    running.append(process)

    def is_up():
        if process.poll() is not None:
            raise SystemExit(f"it ended before it listened on port {port}: {block}")
        return listens(port)

    until(f"somebody listens on port {port}", BUILD_SECONDS, is_up)


def main():
    world, slipway, opened, looked, reconciled, merged = commands()
    running = []
    try:
        stay(world, 4000, running)
        stay(slipway, 3000, running)
        run(opened)
        until("the comment says Ready", SECONDS, is_ready)
        run(looked)
        run(reconciled)
        run(merged)
        until("nothing is left at Coolify", SECONDS, lambda: not state()["containers"])
        print("\nEvery command of docs/install.md worked as written.")
    finally:
        for process in reversed(running):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)


main()
