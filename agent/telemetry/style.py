"""The style sheet of the status page. The content security policy allows this sheet and nothing else."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --line: #dfe3e9; --ink: #1b2330; --soft: #5c6879; --accent: #2f62d9;
  --good: #17804a; --good-soft: #e2f4ea; --bad: #bd2532; --bad-soft: #fde8e9;
  --exported: #2f9e66; --skipped: #b9c2cf; --duplicate: #7c8fd6; --retried: #e0a526; --malformed: #d9703a;
  --dead: #c93545; --hand: #8fd0d6; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0f141b; --card: #171e28; --line: #2a3442; --ink: #e6ebf2; --soft: #93a1b5; --accent: #86aaff;
  --good: #5fd39a; --good-soft: #12301f; --bad: #ff8a93; --bad-soft: #3a171b;
  --exported: #43b97f; --skipped: #4a5667; --duplicate: #7f92dd; --retried: #dca63a; --malformed: #dd7a45;
  --dead: #e25563; --hand: #3f8d95; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
main, header, footer { max-width: 1140px; margin: 0 auto; padding: 0 20px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; padding-top: 26px; padding-bottom: 18px; }
h1 { font-size: 22px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h1 small { display: block; font-size: 14px; font-weight: 400; color: var(--soft); letter-spacing: 0; }
h2 { font-size: 13px; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; color: var(--soft);
  margin: 30px 0 10px; }
.pills { margin-left: auto; display: flex; gap: 8px; }
.pill { border-radius: 999px; padding: 4px 13px 4px 10px; font-size: 14px; font-weight: 600; white-space: nowrap; }
.pill::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px;
  background: currentColor; }
.good { color: var(--good); background: var(--good-soft); }
.bad { color: var(--bad); background: var(--bad-soft); }
.problems { margin: 0 0 4px; padding: 12px 18px 12px 36px; border-radius: 10px; color: var(--bad);
  background: var(--bad-soft); overflow-wrap: anywhere; }
.flow { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(5, 1fr); gap: 26px; }
.flow li, .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.flow li { position: relative; }
.flow li + li::before { content: "\\2192"; position: absolute; left: -23px; top: 44px; width: 20px; text-align: center;
  font-size: 18px; color: var(--soft); }
.flow h3 { margin: 0; font-size: 14px; font-weight: 600; }
.flow p { margin: 0; }
.big { font-size: 30px; line-height: 1.25; font-weight: 650; letter-spacing: -.02em; }
.rate, .note { color: var(--soft); font-size: 13px; }
dl { display: grid; grid-template-columns: auto auto; gap: 2px 12px; margin: 10px 0 0; font-size: 13px; }
.flow dl { border-top: 1px solid var(--line); padding-top: 9px; }
dt { color: var(--soft); }
dd { margin: 0; text-align: right; }
.alarm { color: var(--bad); font-weight: 600; }
.fates svg { display: block; width: 100%; height: 18px; border-radius: 6px; background: var(--line); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 12px 0 0; padding: 0;
  font-size: 14px; }
.fates .legend svg { display: inline-block; width: 10px; height: 10px; margin-right: 7px; background: none; }
.legend b { font-weight: 600; }
.exported { fill: var(--exported); } .skipped { fill: var(--skipped); } .duplicate { fill: var(--duplicate); }
.retried { fill: var(--retried); } .malformed { fill: var(--malformed); } .dead_lettered { fill: var(--dead); }
.in_hand { fill: var(--hand); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 16px; }
.card h3 { margin: 0; font-size: 14px; font-weight: 600; }
.card dl { font-size: 14px; gap: 4px 12px; }
.scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: 8px 16px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.long { overflow-wrap: anywhere; min-width: 220px; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.nowrap { white-space: nowrap; }
footer { color: var(--soft); font-size: 13px; padding-top: 26px; padding-bottom: 34px; display: flex; flex-wrap: wrap;
  gap: 4px 20px; }
footer nav { margin-left: auto; display: flex; gap: 16px; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
@media (max-width: 900px) {
  .flow { grid-template-columns: 1fr; gap: 24px; }
  .flow li { display: grid; grid-template-columns: minmax(110px, 1fr) 1.4fr; column-gap: 18px; }
  .flow li + li::before { content: "\\2193"; left: 0; right: 0; width: auto; top: -25px; }
  .flow dl { grid-column: 2; grid-row: 1 / span 3; border: 0; padding: 0; margin: 2px 0 0; align-content: start; }
  .columns { grid-template-columns: 1fr; }
  .pills { margin-left: 0; } footer nav { margin-left: 0; } }
@media (max-width: 640px) {
  thead { display: none; } tr, td { display: block; } tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; } td { border: 0; padding: 1px 16px; } }
"""

_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
