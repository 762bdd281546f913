// `node logql.cjs FOLDER < QUERIES`: what Grafana's own grammar makes of LogQL queries. FOLDER has the node_modules;
// QUERIES is a JSON list of texts. Answers with a JSON list of trees: [name, text, [children]]; where the grammar stumbles
// stands a node named "error".
"use strict";
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");

const { parser } = createRequire(resolve(process.argv[2], "package.json"))("@grafana/lezer-logql");

function tree(node, query) {
  const children = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(tree(child, query));
  return [node.type.isError ? "error" : node.name, query.slice(node.from, node.to), children];
}

const queries = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(queries.map((query) => tree(parser.parse(query).topNode, query))));
