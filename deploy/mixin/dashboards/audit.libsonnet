// CodeCatalyst audit: who does what, where, from where, and what was refused.
local layout = import 'layout.libsonnet';
local look = import 'panels.libsonnet';
local profiles = import 'profiles.libsonnet';
local from = import 'sources.libsonnet';

local contains(name, typed) = name + ' =~ `(?i).*${' + typed + ':regex}.*`';
// Who types a name types a part of it; a link brings the whole, and says so in a second variable.
local called(name, typed) = name + ' =~ `(?i)${' + typed + '_is:raw}${' + typed + ':regex}${' + typed + '_is:raw}`';
local piped(selector, filters) = std.join(' | ', [selector] + [one for one in filters if one != '']);
local anyOf(name, values) = name + ' =~ "' + std.join('|', values) + '"';

// CodeCatalyst's records, as the variables choose them.
local chosen = piped('{service_name=~"$service", cloud_region=~"$region"}', [
  contains('cloud_account_id', 'account'),
  'aws_codecatalyst_space_name =~ "$space"',
  called('aws_codecatalyst_project_name', 'project'),
  called('aws_codecatalyst_actor', 'actor'),
  'aws_codecatalyst_event =~ "$event"',
]);
local only(filter) = piped(chosen, [filter]);

// The records of another service. Space and project are words of CodeCatalyst alone.
local ofProfile(profile, filters=[]) = piped('{service_name=~"' + profile.service + '", cloud_region=~"$region"}', [
  profile.filter,
  contains('cloud_account_id', 'account'),
  called('aws_cloudtrail_actor', 'actor'),
  'aws_cloudtrail_event =~ "$event"',
] + filters);

local total(query) = from.count('sum(count_over_time(' + query + ' [$__range]))');
local by(names, query, range='$__range') = 'sum by (' + names + ') (count_over_time(' + query + ' [' + range + ']))';
local named(query, name) = query + ' | ' + name + ' != ""';
local distinct(query, name) = from.count('count(' + by(name, named(query, name)) + ')');
local top(query, name) = from.count('topk(10, ' + by(name, named(query, name)) + ')');
local over(query, name) = from.counts(by(name, query, '$__interval'), '{{' + name + '}}');

local fresh = 'max by (space_name) (codecatalyst_space_last_event_timestamp_seconds{job=~"$job", space_name=~"$space"})';
// An id is too long to read: its column says "open", and leads to the record.
local recordColumn(service) = ['aws_cloudtrail_event_id', 'Event', {
  'custom.width': 80,
  links: [from.oneEvent(service)],
  mappings: [{ type: 'regex', options: { pattern: '.+', result: { text: 'open', index: 0 } } }],
}];
local outcome = {
  'custom.width': 90,
  'custom.cellOptions': { type: 'color-text' },
  mappings: [{ type: 'value', options: { failure: { color: 'red', index: 0 }, success: { color: 'green', index: 1 } } }],
};
local time = [['Time', 'Time', { 'custom.width': 170 }], ['timestamp', 'Time', { 'custom.width': 170 }]];
local byActor(name) = {
  links: [from.dashboard('Only what this actor did', 'trail-agent-audit', from.whole('actor', '${__value.raw:percentencode}') { service: '${service:percentencode}' })],
  'custom.minWidth': 200,
};

// Not every failure has an error code: of a sign-in, only the outcome and a message tell it.
local line(actor, event, where, outcome) = '| line_format `' + std.join('  ', [
  '{{ printf "%-36s" ' + actor + ' }}',
  '{{ printf "%-34s" ' + event + ' }}',
  where,
  'from {{ .source_address }}',
  '{{ if eq ' + outcome + ' "failure" }}failed: {{ or .aws_error_code .aws_error_message "no reason given" }}{{ else }}ok{{ end }}',
]) + '`';

local glance = layout.row('', [
  look.stat('Events', 'Events of CodeCatalyst in the time shown above, as the filters choose them.', [total(chosen)]) + look.noValue('0'),
  look.stat('Actors', 'Different people, roles and services that did something.', [distinct(chosen, 'aws_codecatalyst_actor')]) + look.noValue('0'),
  look.stat('Changes', 'Events that may have changed something: CloudTrail says that they are not read-only.', [total(only('aws_event_read_only = "false"'))])
  + look.noValue('0') + look.thresholds(['blue']),
  look.stat('Reads', 'Events that changed nothing: CloudTrail says that they are read-only.', [total(only('aws_event_read_only = "true"'))]) + look.noValue('0'),
  look.stat('Failures', 'Calls that failed, for whatever reason. The panels below say which reasons.', [total(only('aws_codecatalyst_outcome = "failure"'))])
  + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
  look.stat('Denied', 'Calls that failed because the caller was not allowed to make them.', [total(only('aws_error_code =~ ".*(AccessDenied|Unauthorized|NotAuthorized|Forbidden).*"'))])
  + look.noValue('0') + look.thresholds(['green', 1, 'orange', 10, 'red']),
  look.stat('Sensitive changes', 'Successful changes of who may act or who pays: connections, IAM roles, billing, administrators, identity applications. The table below lists them.', [
    total(only(anyOf('aws_codecatalyst_event', profiles.codecatalyst.critical) + ' | aws_codecatalyst_outcome = "success"')),
  ]) + look.noValue('0') + look.thresholds(['green', 1, 'red']),
  look.stat('Newest event', 'When the newest event happened that the sink accepted. CloudTrail itself takes some five minutes.', [
    from.value('max(' + fresh + ') * 1000'),
  ]) + look.unit('dateTimeFromNow') + look.noValue('none yet') + { options+: { text: { valueSize: 18 } } },
]);

local happened = layout.row('What happened', [
  look.bars('Events over time, by name', 'Each bar counts the events of a moment by their name. Drag over the graph to look at a shorter time.', [over(chosen, 'aws_codecatalyst_event')])
  + look.counted + look.noValue('No event with these filters in this time') + look.width(16) + look.height(9),
  look.bars('Arrived, by outcome', 'Events of all spaces when they arrived in the sink, as the agent counts them. A diamond is an example: click on it to see the event.', [
    from.series('sum by (outcome) (rate(codecatalyst_events_total{job=~"$job", event_name=~"$event"}[$__rate_interval])) * 60', '{{outcome}}', exemplar=true),
  ]) + look.perMinute + look.colors({ success: 'green', failure: 'red' }) + look.noValue('The agent has counted nothing: is it scraped?') + look.width(8) + look.height(9),
]);

local rank(title, description, query, name, link=null) =
  look.ranking(title, description, [top(query, name)])
  + (if link == null then {} else look.links([from.dashboard(link.title, 'trail-agent-audit', {
       service: '${service:percentencode}',
     } + from.whole(link.variable, '${__data.fields.' + name + ':percentencode}'))]));

local who = layout.row('Who, where, and from where', [
  rank('Most active actors', 'Who did most. Click on a bar to see only what this actor did.', chosen, 'aws_codecatalyst_actor', { title: 'Only this actor', variable: 'actor' }),
  rank('Most active projects', 'In which projects most was done. Events of a whole space name no project.', chosen, 'aws_codecatalyst_project_name', { title: 'Only this project', variable: 'project' }),
  rank('Source addresses', 'From which addresses the calls came. A service of AWS has a name in the place of an address.', chosen, 'source_address'),
  rank('Most active spaces', 'In which spaces most was done. Connection and billing events name no space.', chosen, 'aws_codecatalyst_space_name', { title: 'Only this space', variable: 'space' })
  + look.height(6),
  rank('Kinds of identity', 'builder_id: AWS Builder ID. identity_center_user: workforce user. assumed_role and federated_user: temporary credentials.', chosen, 'aws_codecatalyst_actor_kind')
  + look.height(6),
  rank('Programs', 'What called: the console, a command line tool, an SDK, another service.', chosen, 'user_agent_original')
  + look.height(6),
]);

local failures = layout.row('Failures', [
  rank('Failures, by error code', 'Why calls failed: denied, not found, throttled, and so on.', only('aws_codecatalyst_outcome = "failure"'), 'aws_error_code')
  + look.noValue('No failure in this time') + { fieldConfig+: { defaults+: { color: { mode: 'fixed', fixedColor: 'red' } } } },
  look.table('Who failed at what', 'The failures that came most often, whatever the reason: who tried what, and why it failed.', [
    from.count('topk(25, ' + by('aws_codecatalyst_actor, aws_codecatalyst_event, aws_error_code', only('aws_codecatalyst_outcome = "failure"')) + ')'),
  ], [
    ['aws_codecatalyst_actor', 'Actor', byActor('Actor')],
    ['aws_codecatalyst_event', 'Tried'],
    ['aws_error_code', 'Why'],
    ['Value #A', 'Times', { 'custom.width': 70 }],
  ], sort='Times') + look.noValue('No failure in this time') + look.width(16) + look.height(8),
]);

local sensitive = layout.row('Sensitive changes', [
  look.records('Who changed who may act, or who pays', 'Every event of the list of sensitive changes, also those that failed. The alerts watch the same list, and tell those that succeeded.', [
    from.lines(only(anyOf('aws_codecatalyst_event', profiles.codecatalyst.critical)), 200),
  ], time + [
    ['aws_codecatalyst_actor', 'Actor', byActor('Actor')],
    ['aws_codecatalyst_actor_kind', 'Kind', { 'custom.width': 150 }],
    ['aws_codecatalyst_event', 'What', { 'custom.minWidth': 230 }],
    ['aws_codecatalyst_space_name', 'Space'],
    ['aws_codecatalyst_connection_id', 'Connection'],
    ['cloud_account_id', 'Account', { 'custom.width': 130 }],
    ['source_address', 'From', { 'custom.width': 140 }],
    ['aws_codecatalyst_outcome', 'Outcome', outcome],
    recordColumn('${service:percentencode}'),
  ]) + look.noValue('No sensitive change in this time') + look.height(8),
]);

local logOf(title, description, query) = look.log(title, description, [from.lines(query, 500)]) + look.noValue('No event with these filters in this time');

local log = layout.row('The log', [
  logOf('Events, newest first', 'One line for each event: time, actor, event, space and project, source, outcome. Open a line to see all its attributes. In the menu of the panel, "Explore" without line_format shows the JSON as CloudTrail wrote it.', piped(chosen, []) + ' ' + line(
    '.aws_codecatalyst_actor',
    '.aws_codecatalyst_event',
    '{{ .aws_codecatalyst_space_name }}{{ if .aws_codecatalyst_project_name }}/{{ .aws_codecatalyst_project_name }}{{ end }}',
    '.aws_codecatalyst_outcome'
  )) + { links: [from.head(from.allEvents('${service:percentencode}'))] },
]);

local subjects(profile) = std.join('', ['{{ if .' + one[0] + ' }}{{ .' + one[0] + ' }}  {{ end }}' for one in profile.subjects]);

// One folded row for each other profile, in its own words. It asks nothing while it is folded.
local other(name, title, means, sensitiveTitle) =
  local profile = profiles[name];
  local absent = 'Nothing in this time, or select.profiles does not name ' + name;
  layout.folded(title, [
    look.bars(title + ': events over time', means + ' The filters on space and project do not apply here.', [over(ofProfile(profile), 'aws_cloudtrail_event')])
    + look.counted + look.noValue(absent) + look.width(12),
    look.ranking(title + ': most active actors', 'Who did most in these services.', [top(ofProfile(profile), 'aws_cloudtrail_actor')]) + look.noValue(absent) + look.width(6),
    look.bars(title + ': arrived, by outcome', 'Events when they arrived in the sink, as the agent counts them. A diamond is an example: click on it to see the event.', [
      from.series('sum by (outcome) (rate(cloudtrail_events_total{job=~"$job", event_source=~"' + profile.source + '", event_name=~"$event"}[$__rate_interval])) * 60', '{{outcome}}', exemplar=true),
    ]) + look.perMinute + look.colors({ success: 'green', failure: 'red' }) + look.noValue(absent) + look.width(6),
    look.records(title + ': ' + sensitiveTitle, 'Events that change who may act, what is trusted or what is recorded, with their outcome.', [
      from.lines(ofProfile(profile, [anyOf('aws_cloudtrail_event', profile.critical)]), 200),
    ], time + [
      ['aws_cloudtrail_actor', 'Actor', byActor('Actor')],
      ['aws_cloudtrail_event', 'What', { 'custom.minWidth': 200 }],
    ] + profile.subjects + [
      ['source_address', 'From', { 'custom.width': 140 }],
      ['aws_cloudtrail_outcome', 'Outcome', outcome],
      recordColumn(profile.service),
    ]) + look.noValue(absent),
    logOf(title + ': log', 'One line for each event: time, actor, event, on what, source, outcome.', ofProfile(profile) + ' ' + line('.aws_cloudtrail_actor', '.aws_cloudtrail_event', subjects(profile), '.aws_cloudtrail_outcome'))
    + look.noValue(absent) + look.height(10),
  ]);

local either(name) = name + '=`{{ or .aws_codecatalyst_' + name + ' .aws_cloudtrail_' + name + ' }}`';
local everything = layout.folded('One person, in all services', [
  logOf('What the actor did anywhere', 'Events of all services that the agent ships, in one list. Type a part of a name into "Actor" above.', piped('{service_name=~"$service|aws-.+", cloud_region=~"$region"}', [
    'label_format ' + either('actor') + ', ' + either('event') + ', ' + either('outcome'),
    contains('cloud_account_id', 'account'),
    called('actor', 'actor'),
    'event =~ "$event"',
  ]) + ' ' + line('.actor', '.event', '{{ printf "%-20s" .service_name }}', '.outcome')),
]);

{
  _config+:: {
    // The time zone of the dashboards: 'browser', 'utc', or a name such as 'Europe/Berlin'.
    dashboardTimezone: 'browser',
    // The service.name of CodeCatalyst's records.
    codecatalystService: 'aws-codecatalyst',
  },

  grafanaDashboards+:: {
    'audit.json': layout.dashboard(
      $._config,
      'trail-agent-audit',
      'CodeCatalyst audit',
      'Who did what in the spaces, when, from where, and what was refused.',
      { from: 'now-24h', to: 'now' },
      '1m',
      [
        from.datasource('prometheus_datasource', 'prometheus', 'Prometheus'),
        from.datasource('loki_datasource', 'loki', 'Loki'),
        from.ofLoki('region', 'Region', '{service_name=~"$service|aws-.+"}', 'cloud_region'),
        from.typed('account', 'Account', 'A part of the id of the account that the event was recorded in'),
        from.ofPrometheus('space', 'Space', 'label_values(codecatalyst_space_last_event_timestamp_seconds{job=~"$job"}, space_name)'),
        from.typed('project', 'Project', 'The name of a project, or a part of it'),
        from.isWhole('project_is', 'Project is'),
        from.typed('actor', 'Actor', 'The name or id of a person, role or service, or a part of it'),
        from.isWhole('actor_is', 'Actor is'),
        from.ofPrometheus('event', 'Event', 'label_values({__name__=~"codecatalyst_events_total|cloudtrail_events_total", job=~"$job"}, event_name)'),
        from.ofPrometheus('job', 'Job', 'label_values(trail_agent_build_info, job)', '.+') + { hide: 2 },
        from.typed('service', 'Service', "The service.name of CodeCatalyst's records", $._config.codecatalystService, hide=2),
      ],
      [
        glance,
        happened,
        sensitive,
        who,
        failures,
        log,
        other('trail_guard', 'Calls that can blind the trail', 'Calls on the trail, its bucket, its queue and its keys.', 'every call'),
        other('identity', 'Identity Center and sign-in', 'Who signed in, and who changed users, groups and permissions.', 'changes of users, groups and permissions'),
        other('codeconnections', 'CodeConnections', 'Who linked AWS to a Git provider, and who uses the link.', 'changes of connections'),
        other('pipeline', 'Builds and deployments', 'Who builds, approves, deploys and publishes what.', 'changes of what is built, approved and trusted'),
        everything,
      ],
      [
        from.firing('(CodeCatalyst|CodeConnections|Identity|Pipeline|TrailGuard).+', '{{severity}} {{space_name}} {{event_name}}'),
      ]
    ),
  },
}
