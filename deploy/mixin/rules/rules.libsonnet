// Recording rules: what alerts and dashboards both ask for, and what is slow to compute.
local aggregation = import '../aggregation.libsonnet';
local counted = import 'counted.libsonnet';
local deadline = import 'deadline.libsonnet';
local fill = import '../fill.libsonnet';

{
  local config = $._config,
  local a = aggregation(config),
  local selector = config.trailAgentSelector,
  local q(text, values={}) = fill(text, { s: selector, by: a.by() } + values),
  local increase15m = counted(config).increase15m,
  local total(record, counted, matchers) = {
    record: record,
    expr: q(|||
      sum%(by)s(
        %(counted)s{
          %(matchers)s
        }
      )
    |||, { counted: counted, matchers: std.join(',\n    ', matchers) }),
  },

  prometheusRules+:: {
    groups+: [
      {
        name: 'trail-agent.rules',
        rules: [
          {
            record: 'codecatalyst:events:increase15m',
            why:: 'Events of the last 15 minutes. increase() does not see the first sample of a series. So what a process counted that is younger than 15 minutes counts whole, and so does a series that did not exist 15 minutes ago in a process that was scraped then.',
            expr: increase15m('codecatalyst_events_total', ['event_name', 'identity_type', 'outcome']),
          },
          {
            record: 'cloudtrail:events:increase15m',
            why:: 'The same for the events of other services.',
            expr: increase15m('cloudtrail_events_total', ['event_source', 'event_name', 'identity_type', 'outcome']),
          },
          total('codecatalyst:failures:increase15m', 'codecatalyst:events:increase15m', ['outcome="failure"']),
          total('codecatalyst:dev_environments:increase15m', 'codecatalyst:events:increase15m', [
            'event_name=~"CreateDevEnvironment|StartDevEnvironment"',
            'outcome="success"',
          ]),
          total('codecatalyst:deletions:increase15m', 'codecatalyst:events:increase15m', [
            'event_name=~"DeleteConnection|DeleteProject|DeleteSourceRepository"',
            'outcome="success"',
          ]),
          {
            record: 'codecatalyst:clone_urls:increase15m',
            why:: 'No page of AWS documents this event, so its series is not there before the first one: until then it is 0.',
            expr: q(|||
              sum%(by)s(codecatalyst:events:increase15m{event_name="GetSourceRepositoryCloneUrls", outcome="success"})
              or
              0 * sum%(by)s(codecatalyst:events:increase15m)
            |||),
          },
          total('cloudtrail:signin_failures:increase15m', 'cloudtrail:events:increase15m', [
            'event_source=~"signin.amazonaws.com|sso.amazonaws.com"',
            'event_name=~"Authenticate|ConsoleLogin|CredentialVerification|Federate|UserAuthentication"',
            'outcome="failure"',
          ]),
          {
            record: 'trail_agent:deliveries:increase15m',
            why:: 'Messages that were delivered in the last 15 minutes, by their age then: all of them (+Inf), and those that were not late.',
            expr: increase15m('trail_agent_delivery_age_seconds_bucket', ['le'], ['le=~"%(seconds)s.0|[+]Inf"' % { seconds: config.catchUpSeconds }]),
          },
          {
            record: 'trail_agent:late_deliveries:ratio15m',
            why:: 'The share of late ones. Of three or fewer, one would be the verdict.',
            expr: q(|||
              1 -
              sum%(by)s(trail_agent:deliveries:increase15m{le="%(seconds)s.0"})
              /
              (sum%(by)s(trail_agent:deliveries:increase15m{le="+Inf"}) > 3)
            |||, { seconds: config.catchUpSeconds }),
          },
          {
            record: 'trail_agent:events_unaccounted:idle',
            why:: 'Events that were read and have no fate, at moments when no message is in hand: 0, if the ledger balances. In between they differ, because a message is still under way.',
            expr: q(|||
              trail_agent_events_read_total{%(s)s}
              - sum without (fate) (trail_agent_events_total{%(s)s})
              and trail_agent_in_flight_deliveries{%(s)s} == 0
            |||),
          },
          {
            record: 'trail_agent:dead_letters',
            why:: 'All replicas ask about the same queue. Whoever looks at a message hides it for a while: it is there all the same.',
            expr: q('sum%(by)s(max%(states)s(trail_agent_queue_messages{%(s)s, queue="dead_letter"}))', { states: a.by(['state']) }),
          },
        ],
      },
      {
        name: 'codecatalyst-spaces.rules',
        // They look back over days.
        interval: '2m',
        rules: [
          {
            record: 'codecatalyst:space_last_event_timestamp_seconds:max',
            why:: 'When something last happened in each space. A process knows only the spaces whose events it shipped itself: so all replicas of some days are asked.',
            expr: q(|||
              max%(by)s(
                max_over_time(codecatalyst_space_last_event_timestamp_seconds{%(s)s}[%(days)sd])
              )
            |||, { by: a.by(['space_name']), days: config.silentWindowDays }),
          },
          {
            record: 'codecatalyst:space_expected_timestamp_seconds',
            why:: deadline(config).why,
            expr: deadline(config).expr('codecatalyst:space_last_event_timestamp_seconds:max'),
          },
        ],
      },
    ],
  },
}
