// Both files of tests. promtool evaluates all rules of a file as often as its most hurried test needs.
local t = import 'promtool.libsonnet';

{
  'rules_test.yaml': t.file('5m', (import 'agent.libsonnet') + (import 'counting.libsonnet') + (import 'events.libsonnet')),
  'rules_days_test.yaml': t.file('4h', import 'days.libsonnet'),
}
