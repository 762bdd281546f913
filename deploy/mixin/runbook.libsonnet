// Every alert gets its runbook_url: the heading of docs/alerts.md that has its name.
local linked(groups, docsURL) = [
  group {
    rules: [
      if std.objectHas(rule, 'alert') then
        rule { annotations+: { runbook_url: '%sdocs/alerts.md#%s' % [docsURL, std.asciiLower(rule.alert)] } }
      else rule
      for rule in group.rules
    ],
  }
  for group in groups
];

{
  prometheusAlerts+:: { groups: linked(super.groups, $._config.docsURL) },
  lokiRules+:: { groups: linked(super.groups, $._config.docsURL) },
}
