// What tests for promtool are made of. The texts of the alerts come from the alerts, so that they stand in one place.
local mixin = import '../mixin.libsonnet';

local alerts = {
  [rule.alert]: rule
  for group in mixin.prometheusAlerts.groups
  for rule in group.rules
};

// A text of an alert with its labels and value filled in, as Prometheus does it.
local rendered(text, labels, value) =
  local filled(template) =
    local name = std.strReplace(template, ' ', '');
    if std.startsWith(name, '$labels.') then labels[name[std.length('$labels.'):]]
    else if std.startsWith(name, '$value') then value
    else error 'a test cannot fill in {{%s}}' % template;
  local parts = std.split(text, '{{');
  parts[0] + std.join('', [
    local halves = std.split(part, '}}');
    filled(halves[0]) + halves[1]
    for part in parts[1:]
  ]);

local braces(labels) =
  '{' + std.join(', ', [name + '="' + labels[name] + '"' for name in std.objectFields(labels)]) + '}';

{
  // The labels of a replica.
  replica(name='a'):: { job: 'trail-agent', instance: name + ':9464' },

  // A series of a replica, with its values in promtool's notation.
  series(metric, values, labels={}, replica='a'):: { series: metric + braces($.replica(replica) + labels), values: values },
  // A series that a recording rule would make.
  recorded(metric, values, labels={}):: { series: metric + braces(labels), values: values },

  // The alert fires once for each of `all`, and `value` is what its text shows.
  fires(time, name, all=[{}], value='1'):: {
    alerts: [{
      eval_time: time,
      alertname: name,
      exp_alerts: [
        {
          exp_labels: alerts[name].labels + labels,
          exp_annotations: std.mapWithKey(function(_, text) rendered(text, labels, value), alerts[name].annotations),
        }
        for labels in all
      ],
    }],
  },
  // None of these alerts fires.
  silent(time, names):: {
    alerts: [{ eval_time: time, alertname: name } for name in if std.isString(names) then [names] else names],
  },
  // These alerts fire and no other, each of them so many times.
  only(time, counts):: {
    expressions: [{
      eval_time: time,
      expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
      exp_samples: [{ labels: '{alertname="' + name + '"}', value: counts[name] } for name in std.objectFields(counts)],
    }],
  },
  // A rounded expression has this value, or, if it is null, no value: Prometheus 2 and 3 differ in what a range begins with.
  is(time, expression, value):: {
    expressions: [{
      eval_time: time,
      expr: 'round(' + expression + ')',
      exp_samples: if value == null then [] else [{ labels: '{}', value: value }],
    }],
  },

  test(name, series, checks, interval='1m')::
    local byAlert = std.flattenArrays([std.get(check, 'alerts', []) for check in checks]);
    local byExpression = std.flattenArrays([std.get(check, 'expressions', []) for check in checks]);
    {
      name: name,
      interval: interval,
      [if series != [] then 'input_series']: series,
      [if byAlert != [] then 'alert_rule_test']: byAlert,
      [if byExpression != [] then 'promql_expr_test']: byExpression,
    },

  // Scenarios that do not touch each other, on one timeline.
  together(name, interval, scenarios)::
    self.test(
      name,
      std.flattenArrays([scenario.series for scenario in scenarios]),
      std.flattenArrays([scenario.checks for scenario in scenarios]),
      interval,
    ),

  file(interval, tests):: {
    rule_files: ['rules.yaml'],
    evaluation_interval: interval,
    // What uses a recorded series comes after it.
    group_eval_order: [group.name for group in mixin.prometheusRules.groups + mixin.prometheusAlerts.groups],
    tests: tests,
  },
}
