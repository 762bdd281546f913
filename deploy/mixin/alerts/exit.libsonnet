// For those who leave CodeCatalyst: what is deleted, what is taken along, and what still moves in a space that should be
// quiet. Connections that are removed have their alert in the pack codecatalyst.
local aggregation = import '../aggregation.libsonnet';
local fill = import '../fill.libsonnet';
local alert = import 'alert.libsonnet';
local bursts = import 'bursts.libsonnet';
local events = import 'events.libsonnet';
local packs = import 'packs.libsonnet';

{
  local config = $._config,
  local a = aggregation(config),
  local selector = config.trailAgentSelector,

  local made = events(config, packs(config).exit {
    rows: [
      {
        name: 'SpaceDeleted',
        events: ['DeleteSpace'],
        severity: 'critical',
        what: 'A space was deleted',
        means: 'Its projects, repositories, issues and workflows are gone, and nobody can bring them back. The agent counts it as retired from now on.',
        todo: 'If it was not meant, ask AWS Support at once. If it was, check that its repositories are where they should be.',
      },
      {
        name: 'ProjectDeleted',
        events: ['DeleteProject'],
        severity: 'warning',
        what: 'A project was deleted',
        means: 'Its repositories, issues and workflows are gone with it, and nobody can bring them back.',
        todo: 'Check that its repositories were copied before. GetSourceRepositoryCloneUrls in the records shows who fetched them.',
      },
      {
        name: 'SourceRepositoryDeleted',
        events: ['DeleteSourceRepository'],
        severity: 'warning',
        what: 'A source repository was deleted',
        means: 'Its code and history are gone from the space.',
        todo: 'Check that it was copied before. GetSourceRepositoryCloneUrls in the records shows who fetched it.',
      },
      {
        name: 'AccessTokenCreated',
        events: ['CreateAccessToken'],
        severity: 'info',
        what: 'Somebody made a personal access token',
        means: 'Whoever has the token reads and writes, as this person, every repository that this person may use, for a year if nothing else was said. It is needed to copy repositories; and it stays after that.',
        todo: 'When the move is done, let its owner delete it (DeleteAccessToken).',
      },
    ],
  }),

  local deletions = ['DeleteProject', 'DeleteSourceRepository', 'DeleteConnection'],
  local cleared = {
    means: 'Somebody clears out. None of it can be brought back.',
    todo: 'See who it is. If you do not know of it, take away the rights of this person now, and ask afterwards.',
  },

  local byHand = [
    bursts(config).of(
      'CodeCatalystDeletionBurst',
      'codecatalyst:deletions:increase15m',
      config.deletionBurst,
      severity='critical',
      summary='{{ $value | printf "%.0f" }} projects, repositories and connections deleted within 15 minutes',
      what='Many projects, repositories and connections were deleted within 15 minutes',
      means=cleared.means,
      todo=cleared.todo,
      query=made.records({ events: deletions }),
      dashboard='trail-agent-leaving',
    ),
    bursts(config).of(
      'CodeCatalystCloneUrlBurst',
      'codecatalyst:clone_urls:increase15m',
      config.cloneUrlBurst,
      mean='1w',
      known='6d',
      summary='{{ $value | printf "%.0f" }} addresses of repositories fetched within 15 minutes',
      what='The addresses of many repositories were fetched within 15 minutes',
      means='They were more than three times as many as usual. Somebody copies many repositories: to move them, or to take them along.',
      todo='See who it is, and from where. If it is the move, all is well.',
      query=made.records({ events: ['GetSourceRepositoryCloneUrls'] }),
      dashboard='trail-agent-leaving',
    ),
    alert.new(
      'CodeCatalystRetiredSpaceUsed',
      'warning',
      fill(|||
        time() - max%(by)s(codecatalyst_space_last_event_timestamp_seconds{%(s)s}) < 3600
        and %(space)s (codecatalyst_space_retired{%(s)s} == 1 and codecatalyst_space_retired{%(s)s} offset 1h == 1)
      |||, { by: a.by(['space_name']), space: a.on(['space_name']), s: selector }),
      'There are events in space {{ $labels.space_name }}, which is retired',
      means='spaces.retired names this space, so nobody is told when it is silent; but somebody uses it.',
      todo='See who it is. Take the space out of spaces.retired, or let them move, too.',
      query=made.records({ outcome: '' }),
      when='An event within the last hour, in a space that was retired an hour ago already.',
      why='Retired an hour ago already: the event by which a space is deleted is no use of it.',
      dashboard='trail-agent-leaving',
    ),
  ],

  // The records know who: many people who delete a little are no burst.
  local burstOfOne = alert.new(
    'CodeCatalystDeletionBurst',
    'critical',
    fill(|||
      sum by (aws_codecatalyst_actor) (
        count_over_time(
          {%(streams)s}
          | aws_codecatalyst_event=~"%(deletions)s"
          | aws_codecatalyst_outcome="success"
          [%(range)s]
        )
      ) > %(burst)s
    |||, {
      streams: config.lokiSelector,
      deletions: std.join('|', deletions),
      range: config.lokiRange,
      burst: config.deletionBurst,
    }),
    '{{ $labels.aws_codecatalyst_actor }} deleted {{ $value }} projects, repositories and connections',
    means=cleared.means,
    todo=cleared.todo,
    query='',
    dashboard='trail-agent-leaving',
  ),

  prometheusAlerts+:: {
    groups+: if !std.member(config.packs, 'exit') then [] else [
      { name: 'codecatalyst-exit', rules: made.prometheus + byHand },
    ],
  },
  lokiRules+:: {
    groups+: if !std.member(config.packs, 'exit') then [] else [
      { name: 'codecatalyst-exit', rules: made.loki + [burstOfOne] },
    ],
  },
}
