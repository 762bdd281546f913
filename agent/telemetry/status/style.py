"""The style sheet of the pages. The content security policy allows this sheet and nothing else.

Nothing is told by colour alone: what is good or bad says so in words, too.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

_COLOURS: Final = """
:root { color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --line: #dfe3e9; --faint: #dde2ea; --ink: #1b2330; --soft: #5a6577;
  --accent: #2556c7; --good: #14713f; --good-soft: #e2f4ea; --bad: #b3202d; --bad-soft: #fdeaeb; --wait: #f6e0be;
  --wait-soft: #fdf3e0; --wait-line: #d99a2b;
  --received: #4f7fe0; --age: #8a63c9;
  --exported: #2f9e66; --skipped: #b9c2cf; --duplicate: #7c8fd6; --retried: #e0a526; --malformed: #d9703a;
  --dead: #c93545; --hand: #8fd0d6; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0f141b; --card: #171e28; --line: #2a3442; --faint: #212a36; --ink: #e6ebf2; --soft: #9aa7ba;
  --accent: #8fb0ff; --good: #5fd39a; --good-soft: #12301f; --bad: #ff8f97; --bad-soft: #361a1e; --wait: #4a3a1f;
  --wait-soft: #2c2414; --wait-line: #d9a441;
  --received: #5b8df0; --age: #9d7be0;
  --exported: #43b97f; --skipped: #4a5667; --duplicate: #7f92dd; --retried: #dca63a; --malformed: #dd7a45;
  --dead: #e25563; --hand: #3f8d95; } }
"""

_TEXT: Final = """
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; scroll-padding-top: 16px; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans",
    sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
main, header, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; padding-top: 24px; padding-bottom: 16px; }
h1 { font-size: 22px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h1 small { display: block; font-size: 14px; font-weight: 400; color: var(--soft); letter-spacing: 0; }
h2 { font-size: 13px; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; color: var(--soft);
  margin: 0; }
h3 { margin: 0; font-size: 14px; font-weight: 600; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 2px 20px;
  margin: 28px 0 10px; }
.key { margin: 0; font-size: 12.5px; color: var(--soft); }
.key svg { width: 10px; height: 10px; margin-right: 5px; }
.key svg + svg { margin-left: 14px; }
.note { color: var(--soft); font-size: 13px; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
.nowrap { white-space: nowrap; }
.alarm { color: var(--bad); font-weight: 600; }
.pills { margin-left: auto; display: flex; gap: 8px; }
.pill { border-radius: 999px; padding: 4px 13px 4px 10px; font-size: 14px; font-weight: 600; white-space: nowrap; }
.pill::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px;
  background: currentColor; }
.pill.bad::before { border-radius: 1px; transform: rotate(45deg); }
.good { color: var(--good); background: var(--good-soft); }
.bad { color: var(--bad); background: var(--bad-soft); }
footer { color: var(--soft); font-size: 13px; padding-top: 26px; padding-bottom: 34px; display: flex; flex-wrap: wrap;
  gap: 4px 20px; }
footer nav { margin-left: auto; display: flex; flex-wrap: wrap; gap: 4px 16px; }
"""

_CARDS: Final = """
.card, .flow li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
dl { display: grid; grid-template-columns: minmax(0, 1fr) fit-content(65%); gap: 4px 12px; margin: 10px 0 0;
  font-size: 14px; }
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)); gap: 16px; }
.verdicts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; overflow-wrap: anywhere; }
.verdict { border-radius: 12px; padding: 12px 18px 13px; border-left: 5px solid; }
.verdict h2 { font-size: 16px; letter-spacing: 0; text-transform: none; color: inherit; }
.verdict p { margin: 2px 0 0; color: var(--ink); font-size: 14px; }
.calm { background: var(--good-soft); border-color: var(--good); }
.calm h2 { color: var(--good); }
.trouble { background: var(--bad-soft); border-color: var(--bad); }
.trouble h2, .trouble h2 a { color: var(--bad); }
.trouble h2 a { text-decoration: underline; text-underline-offset: 3px; }
.pending { background: var(--wait-soft); border-color: var(--wait-line); }
.verdict .detail { margin-top: 8px; padding: 6px 10px; border-radius: 6px; background: var(--card); }
.advice { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px 26px; }
.advice dt { font-size: 12.5px; }
.advice dd { text-align: left; }
.plots { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; }
.plot { margin: 0; padding: 12px 14px 9px; }
.plot figcaption p { margin: 0 0 6px; font-size: 13px; color: var(--soft); white-space: nowrap; overflow: hidden; }
.plot b { font-size: 22px; line-height: 1.3; font-weight: 650; letter-spacing: -.02em; color: var(--ink); }
.graph { position: relative; padding-top: 14px; }
.graph svg { display: block; width: 100%; height: 76px; }
.graph span { position: absolute; font-size: 11.5px; line-height: 1; color: var(--soft); pointer-events: none; }
.graph .top { top: 0; left: 0; }
.graph .nothing { top: 56px; left: 0; right: 0; text-align: center; }
.axis span:nth-child(2) { min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.axis { display: flex; justify-content: space-between; gap: 6px; margin-top: 4px; font-size: 11.5px;
  line-height: 1.4; color: var(--soft); white-space: nowrap; }
.lines { fill: none; stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.unborn { fill: var(--faint); } .waited { fill: var(--wait); }
.received { --hue: var(--received); } .sent { --hue: var(--exported); } .age { --hue: var(--age); }
.area { fill: var(--hue); opacity: .28; }
.edge { fill: none; stroke: var(--hue); stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.hint { fill: transparent; } .hint:hover { fill: var(--ink); opacity: .18; }
.flow { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(5, minmax(0, 1fr));
  gap: 26px; }
.flow li { position: relative; }
.flow li + li::before { content: "\\2192"; position: absolute; left: -23px; top: 44px; width: 20px; text-align: center;
  font-size: 18px; color: var(--soft); }
.flow p { margin: 0; }
.flow dl { border-top: 1px solid var(--line); padding-top: 9px; font-size: 13px; gap: 2px 12px; }
.big { font-size: 30px; line-height: 1.25; font-weight: 650; letter-spacing: -.02em; }
.rate { color: var(--soft); font-size: 13px; }
.fates > svg { display: block; width: 100%; height: 18px; border-radius: 6px; background: var(--line); }
.legend { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(132px, 100%), 1fr));
  gap: 4px 20px; margin: 12px 0 0; padding: 0; font-size: 14px; }
.legend svg { width: 10px; height: 10px; margin-right: 7px; }
.legend b { font-weight: 600; }
.exported { fill: var(--exported); } .skipped { fill: var(--skipped); } .duplicate { fill: var(--duplicate); }
.retried { fill: var(--retried); } .malformed { fill: var(--malformed); } .dead_lettered { fill: var(--dead); }
.in_hand { fill: var(--hand); }
"""

_TABLES: Final = """
.scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; white-space: nowrap; font-weight: 600; color: var(--soft); }
th, td { padding: 8px 16px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.long { overflow-wrap: anywhere; min-width: 220px; }
td.count, th.count { text-align: right; }
.profiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 16px; }
.profile h3 { display: flex; justify-content: space-between; gap: 12px; }
.profile h3 small { font-size: 13px; font-weight: 400; color: var(--soft); white-space: nowrap; }
.profile table { margin-top: 6px; max-width: 760px; font-size: 13px; }
.profile th { font-size: 12px; font-weight: 400; }
.profile th, .profile td { padding: 3px 0 3px 12px; text-align: right; white-space: nowrap; border: 0; }
.profile th:first-child, .profile td:first-child { padding-left: 0; width: 99%; text-align: left;
  white-space: normal; overflow-wrap: anywhere; }
.profile td small { color: var(--soft); font-size: 12px; }
.mark { color: var(--bad); }
.zero { color: var(--soft); }
.profile p { margin: 8px 0 0; }
"""

_RUNBOOK: Final = """
.back { margin-left: auto; font-size: 14px; }
.contents { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px 20px; font-size: 13.5px; }
.contents ul { list-style: none; margin: 6px 0 0; padding: 0; overflow-wrap: anywhere; }
.about { max-width: 76ch; margin: 0 0 12px; color: var(--soft); font-size: 14px; }
.entry { margin-bottom: 10px; }
.entry h3 small { font-weight: 400; color: var(--soft); }
.entry:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
"""

_NARROW: Final = """
@media (max-width: 1220px) { .plots { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 900px) {
  .flow { grid-template-columns: 1fr; gap: 24px; }
  .flow li { display: grid; grid-template-columns: minmax(110px, 1fr) 1.4fr; column-gap: 18px; }
  .flow li + li::before { content: "\\2193"; left: 0; right: 0; width: auto; top: -25px; }
  .flow dl { grid-column: 2; grid-row: 1 / span 3; border: 0; padding: 0; margin: 2px 0 0; align-content: start; }
  .contents { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  footer nav { margin-left: 0; } }
@media (max-width: 640px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  .pills { margin-left: 0; }
  .advice { grid-template-columns: 1fr; }
  .scroll thead { display: none; } .scroll tr, .scroll td { display: block; }
  .scroll tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  .scroll tr:last-child { border-bottom: 0; } .scroll td { border: 0; padding: 1px 16px; text-align: left; }
  .scroll td:not(.long) { display: inline-block; padding-right: 0; } .reasons .count::before { content: "\\d7 "; } }
@media (max-width: 540px) { .plots { grid-template-columns: 1fr; gap: 12px; } }
"""

STYLE: Final = f"{_COLOURS}{_TEXT}{_CARDS}{_TABLES}{_RUNBOOK}{_NARROW}"

_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
