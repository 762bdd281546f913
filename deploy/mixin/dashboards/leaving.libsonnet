// Leaving CodeCatalyst: what is still used, by whom, and what is taken along, deleted or cut off.
local layout = import 'layout.libsonnet';
local look = import 'panels.libsonnet';
local from = import 'sources.libsonnet';

local space = 'aws_codecatalyst_space_name';
local project = 'aws_codecatalyst_project_name';
local actor = 'aws_codecatalyst_actor';
local repository = 'aws_codecatalyst_source_repository_name';

local chosen = '{service_name=~"$service"} | aws_codecatalyst_space_name =~ "$space"';
local only(filter) = chosen + ' | ' + filter;
local events(names) = only('aws_codecatalyst_event =~ "' + std.join('|', names) + '"');
local changing = only('aws_event_read_only = "false"');

local by(names, query, range) = 'sum by (' + std.join(', ', names) + ') (count_over_time(' + query + ' ' + range + '))';
local named(query, name) = query + ' | ' + name + ' != ""';
local distinct(query, name, range) = 'count(' + by([name], named(query, name), range) + ')';

// By default, Loki refuses ranges of more than 30 days: whole weeks, one after the other, stay below. It also refuses
// more than 500 series (max_query_series): the first 100 do.
local ofWeek(names, weeks) = from.count(
  'topk(100, ' + by(names, named(chosen, names[0]), '[7d]' + if weeks == 0 then '' else ' offset ' + 7 * weeks + 'd') + ')'
);
local last(names) = from.count(
  'topk(100, max_over_time(' + named(chosen, names[0]) + ' | label_format happened=`{{ unixEpochMillis __timestamp__ }}` | unwrap happened [28d]) by ('
  + std.join(', ', names) + '))'
);
local inWeek(query, name) = from.count(distinct(query, name, '[7d]'));
local number(query) = from.count('sum(count_over_time(' + query + ' [7d]))');

// A process forgets the spaces when it ends, and knows only those whose events it shipped. So all of 8 days are asked, as
// the alert does; but not by its recording rule: the dashboard works without rules.
local ofSpaces(metric) = 'max by (space_name) (max_over_time(' + metric + '{job=~"$job", space_name=~"$space"}[8d]))';
local fresh = ofSpaces('codecatalyst_space_last_event_timestamp_seconds');
local retired = ofSpaces('codecatalyst_space_retired') + ' == 1';

local hundred = 'Of many, these are the 100 that were there last, and the 100 busiest of each week.';
local undocumented = "AWS's page on CloudTrail does not list these events: an empty panel does not prove that nothing happened.";
local audit(title, values) = from.dashboard(title, 'trail-agent-audit', values { service: '${service:percentencode}' });
local linked(variable, more={}) = { links: [audit('What happened there', from.whole(variable, '${__value.raw:percentencode}') + more)], 'custom.minWidth': 150 };
local bar = { 'custom.cellOptions': { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' }, color: { mode: 'fixed', fixedColor: 'blue' }, 'custom.width': 150, noValue: '0' };
local ago = { unit: 'dateTimeFromNow', 'custom.width': 140 };
local time = [['Time', 'Time', { 'custom.width': 170 }], ['timestamp', 'Time', { 'custom.width': 170 }]];
local outcome = {
  'custom.width': 90,
  'custom.cellOptions': { type: 'color-text' },
  mappings: [{ type: 'value', options: { failure: { color: 'red', index: 0 }, success: { color: 'green', index: 1 } } }],
};
local record = ['aws_cloudtrail_event_id', 'Event', {
  'custom.width': 80,
  links: [from.oneEvent('${service:percentencode}')],
  mappings: [{ type: 'regex', options: { pattern: '.+', result: { text: 'open', index: 0 } } }],
}];

// What is left of each thing, week by week.
local weeks(title, description, columns) =
  local names = [column[0] for column in columns];
  look.table(title, description, [last(names)] + [ofWeek(names, week) for week in [3, 2, 1, 0]], columns + [
    ['Value #A', 'Last event', ago],
    ['Value #B', '3 weeks ago', bar],
    ['Value #C', '2 weeks ago', bar],
    ['Value #D', '1 week ago', bar],
    ['Value #E', 'These 7 days', bar],
  ], sort='Last event') + look.noValue('Nothing has happened in the last 28 days');

local list(title, description, names, columns) =
  look.records(title, description, [from.lines(events(names), 200)], time + [[actor, 'Actor', linked('actor')], ['aws_codecatalyst_event', 'What', { 'custom.minWidth': 180 }]] + columns + [
    ['source_address', 'From', { 'custom.width': 140 }],
    ['aws_codecatalyst_outcome', 'Outcome', outcome],
    record,
  ]) + look.height(8) + look.noValue('None in this time');

{
  grafanaDashboards+:: {
    'leaving.json': layout.dashboard(
      $._config,
      'trail-agent-leaving',
      'Leaving CodeCatalyst',
      'What is still used, by whom, and what is taken along, deleted or cut off.',
      { from: 'now-28d', to: 'now' },
      '',
      [
        from.datasource('prometheus_datasource', 'prometheus', 'Prometheus'),
        from.datasource('loki_datasource', 'loki', 'Loki'),
        from.ofPrometheus('space', 'Space', 'label_values(codecatalyst_space_last_event_timestamp_seconds{job=~"$job"}, space_name)'),
        from.ofPrometheus('job', 'Job', 'label_values(trail_agent_build_info, job)', '.+') + { hide: 2 },
        from.typed('service', 'Service', "The service.name of CodeCatalyst's records", $._config.codecatalystService, hide=2),
      ],
      [
        layout.row('', [
          look.stat('Spaces in use', 'Spaces in which something happened in the last 7 days.', [inWeek(chosen, space)]) + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
          look.stat('Projects in use', 'Projects in which something happened in the last 7 days.', [inWeek(chosen, project)]) + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
          look.stat('Actors in use', 'Who did something in the last 7 days: people, roles, services.', [inWeek(chosen, actor)]) + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
          look.stat('Changes', 'Events of the last 7 days that may have changed something: the space still grows.', [number(changing)]) + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
          look.stat('Dev environments', 'How often one was created or started in the last 7 days.', [number(events(['CreateDevEnvironment', 'StartDevEnvironment']))]) + look.noValue('0') + look.thresholds(['green', 1, 'orange']),
          look.stat('Clone URLs', 'How often the URL of a repository was asked for in the last 7 days. ' + undocumented, [number(events(['GetSourceRepositoryCloneUrls']))]) + look.noValue('0'),
          look.stat('Deletes', 'Successful deletes of spaces, projects and repositories in the last 7 days. ' + undocumented, [
            number(events(['DeleteSpace', 'DeleteProject', 'DeleteSourceRepository']) + ' | aws_codecatalyst_outcome = "success"'),
          ]) + look.noValue('0') + look.thresholds(['green', 1, 'red']),
          look.stat('Retired spaces', 'Spaces that may be silent: they were deleted, or the setting spaces.retired names them. As the agents of the last 8 days say.', [from.value('sum(' + retired + ') or vector(0)')]) + look.noValue('0'),
        ]),
        layout.row('What remains, week by week', [
          look.bars('Events by day, by space', 'How much is done in each space. A bar counts the 24 hours before its time. Connection and billing events name no space, and are left out.', [
            from.counts(by([space], named(chosen, space), '[$__interval]'), '{{' + space + '}}'),
          ]) + { interval: '1d' } + look.noValue('Nothing happened in this time') + look.height(9),
          look.lines('People and roles by day', 'How many different actors did something. A point counts the 24 hours before its time.', [
            from.counts(distinct(chosen, actor, '[$__interval]'), 'actors'),
            from.counts(distinct(changing, actor, '[$__interval]'), 'who changed something'),
          ]) + { interval: '1d' } + look.noValue('Nobody did anything in this time') + look.height(9),
          look.ranking('Since the last event, by space', 'How long each space has been silent, as the agents of the last 8 days counted it. Retired spaces are left out. One that has been silent for a week may be ready to go.', [
            from.value('sort_desc(time() - (' + fresh + ' unless on (space_name) ' + retired + '))', '{{space_name}}'),
          ]) + {
            transformations: [],
            options+: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false, limit: 25 } },
          } + look.unit('s') + look.thresholds(['green', 86400, 'orange', 604800, 'red']) + look.noValue('The agents of the last 8 days know of no event in a space') + look.height(9),
          weeks('Spaces', 'Each space: when something last happened in it, and how many events it had in each of the last four weeks. Click on a name to see what happened.', [
            [space, 'Space', linked('space')],
          ]) + look.height(7),
          weeks('Projects', 'Each project, in the same way. ' + hundred, [[space, 'Space', { 'custom.minWidth': 120 }], [project, 'Project', linked('project', { space: '${__data.fields.Space:percentencode}' })]]) + look.height(9),
          weeks('People and roles', 'Each actor, in the same way: whom to ask before a space is closed. ' + hundred, [[actor, 'Actor', linked('actor')]]) + look.height(9),
        ]),
        layout.row('Deleted', [
          list('Deletes of spaces, projects and repositories', 'What was deleted, by whom. ' + undocumented, ['DeleteSpace', 'DeleteProject', 'DeleteSourceRepository'], [
            [space, 'Space'],
            [project, 'Project'],
            [repository, 'Repository'],
          ]),
        ]),
        layout.row('Taken along', [
          look.bars('Clone URLs, by actor', 'Who asked for the URL of a repository, and how often; a bar counts the 24 hours before its time. Many at once: somebody copies all. ' + undocumented, [
            from.counts(by([actor], events(['GetSourceRepositoryCloneUrls']), '[$__interval]'), '{{' + actor + '}}'),
          ]) + { interval: '1d' } + look.noValue('None in this time') + look.width(10),
          look.table('Clone URLs, by repository', 'Which repositories were cloned by whom in the time shown above. ' + undocumented, [
            from.count('topk(100, ' + by([actor, space, project, repository], events(['GetSourceRepositoryCloneUrls']), '[$__range]') + ')'),
          ], [
            [actor, 'Actor', linked('actor')],
            [space, 'Space'],
            [project, 'Project'],
            [repository, 'Repository'],
            ['Value #A', 'Times', { 'custom.width': 70 }],
          ], sort='Times') + look.noValue('None in this time') + look.width(14) + look.height(8),
          list('Access tokens made and deleted', 'A personal access token opens repositories from outside, for whoever has it. ' + undocumented, ['CreateAccessToken', 'DeleteAccessToken'], []),
        ]),
        layout.row('Cut off', [
          list('Connections and roles removed', 'An account or an IAM role that is no longer connected to a space: workflows can no longer deploy there.', ['DeleteConnection', 'DisassociateIamRoleFromConnection', 'RejectConnection'], [
            [space, 'Space'],
            ['aws_codecatalyst_connection_id', 'Connection'],
            ['cloud_account_id', 'Account', { 'custom.width': 130 }],
          ]),
        ]),
      ]
    ),
  },
}
