"""Take the pictures of the documentation from a finished run, in headless Chromium.

kedro run                                   # or --env smoke
KEDRO_ENV=smoke kedro viz build --include-previews
python docs/images/take.py build data/08_reporting/nas_smoke/report.html
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent
# kedro-viz greets newcomers with cards over the picture. Boxes are opened by a click on
# their name in the list, as a user does; no address of kedro-viz says which are open.
IN_THE_PAGE = """<head><script>
localStorage.setItem("KedroViz", '{"showFeatureHints": false}');
const toOpen = (new URLSearchParams(location.search).get("open") || "").split(",");
const opening = setInterval(() => {
  const arrow = document.querySelector(
    `li[id$="-${toOpen[0]}"] > div > .MuiTreeItem-iconContainer`);
  if (arrow) { arrow.click(); toOpen.shift(); }
  if (!toOpen[0]) clearInterval(opening);
}, 500);
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line per request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def take(url: str, name: str, size: str = "1700,1000") -> None:
    """Save a screenshot of a page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Install chromium first")
    subprocess.run(
        [
            chromium,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--window-size={size}", "--virtual-time-budget=15000"),
            f"--screenshot={HERE / name}",
            url,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    print(HERE / name)


def main(build: Path, report: Path) -> None:
    """Take all pictures."""
    page = build / "index.html"
    page.write_text(page.read_text().replace("<head>", IN_THE_PAGE, 1))
    handler = functools.partial(Quiet, directory=str(build))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/?pid=nas"
    nodes = json.loads((build / "api" / "main").read_text())["nodes"]
    curves = next(n["id"] for n in nodes if n["name"] == "nas.learning_curves")
    take(f"{base}&open=nas", "viz_collapsed.png")
    take(f"{base}&expandAllPipelines=true", "viz_expanded.png")
    take(f"{base}&open=nas&sid={curves}", "viz_figure.png")
    take(report.resolve().as_uri(), "report.png", "1200,1600")
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
