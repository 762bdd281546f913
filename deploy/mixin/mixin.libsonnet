// The alerts, recording rules and dashboards of trail-agent, in the usual shape of a mixin: prometheusAlerts,
// prometheusRules, grafanaDashboards. lokiRules are for Loki's ruler. README.md says how to use it.
(import 'config.libsonnet') +
{
  local config = $._config,
  local known = (import 'config.libsonnet')._config.packs,
  local unknown = [pack for pack in config.packs if !std.member(known, pack)],
  assert unknown == [] : 'packs: unknown: ' + std.join(', ', unknown) + '; known: ' + std.join(', ', known),
  assert std.length(config.trailAgentSelector) > 0 : 'trailAgentSelector: must not be empty',
  assert std.length(config.lokiSelector) > 0 : 'lokiSelector: must not be empty',
  assert std.length(config.agentLogSelector) > 0 : 'agentLogSelector: must not be empty',
} +
(import 'alerts/agent.libsonnet') +
(import 'alerts/codecatalyst.libsonnet') +
(import 'alerts/exit.libsonnet') +
(import 'alerts/others.libsonnet') +
(import 'rules/rules.libsonnet') +
(import 'dashboards/dashboards.libsonnet') +
(import 'links.libsonnet')
