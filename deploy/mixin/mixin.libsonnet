// The alerts, recording rules and dashboards of trail-agent, in the usual shape of a mixin: prometheusAlerts,
// prometheusRules, grafanaDashboards. lokiRules are for Loki's ruler. README.md says how to use it.
(import 'config.libsonnet') +
(import 'alerts/agent.libsonnet') +
(import 'alerts/codecatalyst.libsonnet') +
(import 'alerts/exit.libsonnet') +
(import 'alerts/others.libsonnet') +
(import 'rules/rules.libsonnet') +
(import 'dashboards/dashboards.libsonnet') +
(import 'links.libsonnet')
