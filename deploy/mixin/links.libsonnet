// Where an alert leads: every one has a runbook_url, the heading of docs/alerts.md that has its name, and, if Grafana's
// address is known, a dashboard_url.
local linked(groups, config) = [
  group {
    rules: [
      if std.objectHas(rule, 'alert') then
        rule {
          annotations+: {
            runbook_url: config.docsURL + 'docs/alerts.md#' + std.asciiLower(rule.alert),
            [if config.grafanaURL != '' then 'dashboard_url']: config.grafanaURL + '/d/' + rule.dashboard,
          },
        }
      else rule
      for rule in group.rules
    ],
  }
  for group in groups
];

{
  prometheusAlerts+:: { groups: linked(super.groups, $._config) },
  lokiRules+:: { groups: linked(super.groups, $._config) },
}
