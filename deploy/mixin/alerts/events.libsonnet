// Alerts about events. One row makes the alert for Prometheus, the query of its runbook entry, and, if it is critical, the
// alert for Loki's ruler.
//
// A row: name (without the pack's prefix), severity, what (the beginning of the summary), means, todo; and which events:
//   events    canonical event names; none: all of the pack
//   unlike    all but these names
//   sources   event sources, if not all of the pack; none for CodeCatalyst, whose counter has no such label
//   identity  an identity type; none: all
//   outcome   'success' if not said; 'failure'; or '' for both
//   shows     labels that the query shows besides the usual ones
local fill = import '../fill.libsonnet';
local alert = import 'alert.libsonnet';

function(config, pack) {
  local all = { events: [], unlike: [], sources: std.get(pack, 'sources', []), identity: '', outcome: 'success', shows: [] },
  local story = pack.story,

  local isOne(values) = std.length(values) == 1,
  local matcher(label, values) =
    if values == [] then []
    else if isOne(values) then [label + '="' + values[0] + '"']
    else [label + '=~"' + std.join('|', values) + '"'],
  local others(label, values) = if values == [] then [] else [label + '!~"' + std.join('|', values) + '"'],
  local one(value) = if value == '' then [] else [value],

  local counted(row) =
    local matchers = std.flattenArrays([
      matcher('event_source', row.sources),
      matcher('event_name', row.events),
      others('event_name', row.unlike),
      matcher('identity_type', one(row.identity)),
      matcher('outcome', one(row.outcome)),
    ]);
    local line = pack.counted + '{' + std.join(', ', matchers) + '}';
    if std.length(line) <= 100 then line else pack.counted + '{\n  ' + std.join(',\n  ', matchers) + '\n}',

  // LogQL: the streams of the pack, then a filter for each thing that the row names.
  local stages(row) = ['{' + pack.streams + '}'] + ['| ' + filter for filter in std.flattenArrays([
    if row.sources == all.sources then [] else matcher('rpc_service', row.sources),
    matcher(story + '_event', row.events),
    others(story + '_event', row.unlike),
    matcher('aws_principal_type', one(row.identity)),
    matcher(story + '_outcome', one(row.outcome)),
  ])],
  local records(row) = std.join('\n', stages(row) + ['| line_format `' + shown + std.join('', [' {{.' + label + '}}' for label in row.shows]) + '`']),

  local shown = fill('{{.%(story)s_actor}} {{.%(story)s_event}} %(where)s {{.%(story)s_outcome}} {{.source_address}}', {
    story: story,
    where: std.join(' ', ['{{.' + label + '}}' for label in pack.where]),
  }),

  local prometheus(row) = alert.new(
    pack.prefix + row.name,
    row.severity,
    // For a day, so that a daily digest has it.
    if row.severity == 'info' then 'max_over_time(' + counted(row) + '[1d]) > 0' else counted(row) + ' > 0',
    row.what + ': {{ $labels.event_name }} by {{ $labels.identity_type }}'
    + (if row.outcome == '' then ', {{ $labels.outcome }}' else '')
    + (if row.severity == 'info' then ' (up to ' else ' (') + '{{ $value | printf "%.0f" }} in 15 minutes)',
    means=row.means,
    todo=row.todo,
    query=records(row),
    what=row.what,
    why=std.get(row, 'why', ''),
    when=(if row.outcome == 'success' then 'One such event succeeded' else if row.outcome == 'failure' then 'One such call failed' else 'There was one such event, whether it succeeded or not,') + ' within 15 minutes' + (if row.severity == 'info' then '; it stays for a day.' else '.'),
    dashboard=pack.dashboard,
  ),

  // Of those that are told of what was refused, too, it is told whether it was.
  local outcome(row) = if row.outcome == '' then [story + '_outcome'] else [],

  local loki(row) = alert.new(
    pack.prefix + row.name,
    row.severity,
    fill(|||
      sum by (%(labels)s) (
        count_over_time(
          %(stages)s
          [%(range)s]
        )
      ) > 0
    |||, {
      labels: std.join(', ', [story + '_event', story + '_actor'] + outcome(row) + pack.where),
      stages: std.join('\n    ', stages(row)),
      range: config.lokiRange,
    }),
    fill(row.what + ': {{ $labels.%(story)s_event }} by {{ $labels.%(story)s_actor }}', { story: story })
    + std.join('', [', {{ $labels.' + label + ' }}' for label in outcome(row)])
    + std.join('', ['{{ with $labels.' + label + ' }}, {{ . }}{{ end }}' for label in pack.where]),
    means=row.means,
    todo=row.todo,
    query='',
    dashboard=pack.dashboard,
  ),

  local rows = [all + row for row in pack.rows],

  prometheus: [prometheus(row) for row in rows],
  loki: [loki(row) for row in rows if row.severity == 'critical'],
  // The query that shows the records of other rows of this pack, for alerts that are written by hand.
  records(row):: records(all + row),
}
