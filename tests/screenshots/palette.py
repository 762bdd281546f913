"""A picture with at most 256 colours, which takes a third of the room: a page has few, and the blends between them."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Final

from tests.screenshots.chromium import Browser

_COUNT: Final = """
(async (png) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer), counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const far = (a, b) => [0, 8, 16].reduce((sum, bits) => sum + ((a >> bits & 255) - (b >> bits & 255)) ** 2, 0);
  const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map((one) => one[0]);
  const palette = colours.slice(0, 96), rest = new Map(colours.slice(96).map((colour) =>
    [colour, Math.min(...palette.map((one) => far(colour, one)))]));
  while (palette.length < 256 && rest.size) {
    const [chosen] = [...rest].reduce((a, b) => b[1] > a[1] ? b : a);
    palette.push(chosen);
    rest.delete(chosen);
    for (const [colour, distance] of rest) rest.set(colour, Math.min(distance, far(colour, chosen)));
  }
  const nearest = new Map([...counts.keys()].map((pixel) => {
    let best = 0;
    for (let place = 1; place < palette.length; place++)
      if (far(pixel, palette[place]) < far(pixel, palette[best])) best = place;
    return [pixel, best];
  }));
  let rows = '';
  for (const pixel of pixels) rows += String.fromCharCode(nearest.get(pixel));
  return JSON.stringify({width: image.width, height: image.height, palette, rows: btoa(rows)});
})(%s)
"""


PAGE: Final = b"Page"
"""The keyword of the text in a picture that says of which page it is."""


def reduced(browser: Browser, png: bytes, page: str) -> bytes:
    """`png` with a palette: its most frequent colours, and then always the one that is farthest from all of them.

    `page` says of which page it is a picture.
    """
    browser.ask("Page.navigate", url="about:blank")
    told = json.loads(browser.value(_COUNT % json.dumps(base64.b64encode(png).decode())))
    width, height, rows = told["width"], told["height"], base64.b64decode(told["rows"])
    colours = b"".join(struct.pack("<I", colour & 0xFFFFFFFF)[:3] for colour in told["palette"])
    lines = b"".join(b"\0" + rows[begin : begin + width] for begin in range(0, width * height, width))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"tEXt", PAGE + b"\0" + page.encode("ascii")),
        (b"PLTE", colours),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
