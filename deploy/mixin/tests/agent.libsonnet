// The alerts about the agent.
local t = import 'promtool.libsonnet';

local a = t.replica('a');
local b = t.replica('b');
local main(values, replica='a') = t.series('trail_agent_queue_messages', values, { queue: 'main', state: 'visible' }, replica);
local dead(values, replica='a', state='visible') = t.series('trail_agent_queue_messages', values, { queue: 'dead_letter', state: state }, replica);

[
  t.test(
    'all is well',
    [
      t.series('up', '1x64'),
      t.series('process_start_time_seconds', '-7200x64'),
      t.series('trail_agent_ready', '1x64'),
      t.series('trail_agent_sink_up', '1x64'),
      t.series('trail_agent_waiting', '0x64', { fault: 'bucket denied' }),
      t.series('trail_agent_waiting', '0x64', { fault: 'sink unavailable' }),
      t.series('trail_agent_oldest_delivery_age_seconds', '3x64'),
      t.series('trail_agent_queue_retention_seconds', '864000x64', { queue: 'main' }),
      main('12x64'),
      dead('0x64'),
      t.series('trail_agent_objects_read_total', '0+1x64'),
      t.series('trail_agent_event_history_position_timestamp_seconds', '-60+60x64', { region: 'us-west-2' }),
      t.series('trail_agent_event_history_unshipped_total', '0x64', { region: 'us-west-2' }),
      t.series('trail_agent_notifications_ignored_total', '0+1x64', { reason: 'other_key' }),
      t.series('trail_agent_events_read_total', '0+100x64'),
      t.series('trail_agent_events_total', '0+90x64', { fate: 'skipped' }),
      t.series('trail_agent_events_total', '0+10x64', { fate: 'exported' }),
      t.series('trail_agent_in_flight_deliveries', '0x64'),
      t.series('trail_agent_leases_lost_total', '0x64'),
      t.series('trail_agent_retries_total', '0+1x64', { reason: 'store_unavailable' }),
      t.series('trail_agent_retries_total', '0x64', { reason: 'bug' }),
      t.series('trail_agent_export_seconds_bucket', '0+10x64', { le: '0.1' }),
      t.series('trail_agent_export_seconds_bucket', '0+10x64', { le: '+Inf' }),
      t.series('trail_agent_export_seconds_count', '0+10x64'),
      t.series('trail_agent_records_truncated_total', '0x64'),
      t.series('trail_agent_label_overflow_total', '0x64', { label: 'event_name' }),
    ],
    [t.only('30m', {}), t.only('60m', {})],
  ),
  t.test(
    'one of two replicas is gone',
    [t.series('up', '1x64'), t.series('up', '0x64', replica='b')],
    [
      t.silent('30m', 'TrailAgentDown'),
      t.silent('5m', 'TrailAgentReplicaDown'),
      t.fires('10m', 'TrailAgentReplicaDown', [b]),
    ],
  ),
  t.test('it was never there', [], [t.silent('0m', 'TrailAgentDown'), t.fires('5m', 'TrailAgentDown')]),
  t.test(
    'the sink is down',
    [
      t.series('up', '1x64'),
      t.series('trail_agent_ready', '1x9 0x59'),
      t.series('trail_agent_sink_up', '1x9 0x59'),
      t.series('trail_agent_waiting', '0x9 1x59', { fault: 'sink unavailable' }),
    ],
    [
      t.silent('10m', 'TrailAgentSinkDown'),
      t.fires('15m', 'TrailAgentSinkDown', [a]),
      t.silent('15m', 'TrailAgentNotReady'),
      t.fires('20m', 'TrailAgentNotReady', [a]),
      t.silent('60m', 'TrailAgentWaiting'),
    ],
  ),
  t.test(
    'a bucket is denied; the queue was throttled for a moment',
    [
      t.series('trail_agent_waiting', '0x9 1x59', { fault: 'bucket denied' }),
      t.series('trail_agent_waiting', '0x9 1x9 0x54', { fault: 'queue throttled' }),
    ],
    [t.silent('20m', 'TrailAgentWaiting'), t.fires('25m', 'TrailAgentWaiting', [a { fault: 'bucket denied' }])],
  ),
  t.test(
    'it is late, and messages wait',
    [
      t.series('trail_agent_oldest_delivery_age_seconds', '3x64'),
      t.series('trail_agent_oldest_delivery_age_seconds', '3600x64', replica='b'),
      main('1x64'),
    ],
    [t.silent('5m', 'TrailAgentDeliveryLagging'), t.fires('10m', 'TrailAgentDeliveryLagging', value='1h 0m 0s')],
  ),
  t.test(
    'it is not that late',
    [t.series('trail_agent_oldest_delivery_age_seconds', '1700x20'), main('9x20')],
    [t.silent('20m', 'TrailAgentDeliveryLagging')],
  ),
  t.test(
    'an old message, but none waits; it is old for a queue that keeps messages for four days',
    [
      t.series('trail_agent_oldest_delivery_age_seconds', '180000x64'),
      t.series('trail_agent_queue_retention_seconds', '345600x64', { queue: 'main' }),
      t.series('trail_agent_queue_retention_seconds', '1209600x64', { queue: 'dead_letter' }),
      t.series('trail_agent_oldest_delivery_age_seconds', '3x64', replica='b'),
      main('0x64'),
      t.series('trail_agent_queue_messages', '4x64', { queue: 'main', state: 'in_flight' }),
      dead('5x64'),
    ],
    [
      t.silent('30m', 'TrailAgentDeliveryLagging'),
      t.silent('5m', 'TrailAgentQueueRetentionRisk'),
      t.fires('10m', 'TrailAgentQueueRetentionRisk', value='2d 2h 0m 0s'),
    ],
  ),
  t.test(
    'the same for a queue that keeps them for ten days',
    [
      t.series('trail_agent_oldest_delivery_age_seconds', '180000x64'),
      t.series('trail_agent_queue_retention_seconds', '864000x64', { queue: 'main' }),
    ],
    [t.silent('30m', 'TrailAgentQueueRetentionRisk')],
  ),
  t.test(
    'one scrape catches the two in the middle of a step',
    [
      t.series('trail_agent_events_read_total', '0+100x120'),
      t.series('trail_agent_events_total', '0+100x19 1950 2100+100x100', { fate: 'exported' }),
      t.series('trail_agent_in_flight_deliveries', '0x124'),
      t.series('trail_agent_events_read_total', '0+100x120', replica='b'),
      t.series('trail_agent_events_total', '0+100x19 2050 2100+100x100', { fate: 'exported' }, 'b'),
      t.series('trail_agent_in_flight_deliveries', '0x124', replica='b'),
    ],
    [t.silent('60m', 'TrailAgentLedgerImbalance')],
  ),
  t.test(
    'more fates than events',
    [
      t.series('trail_agent_events_read_total', '7x124'),
      t.series('trail_agent_events_total', '8x124', { fate: 'exported' }),
      t.series('trail_agent_in_flight_deliveries', '0x124'),
    ],
    [t.silent('15m', 'TrailAgentLedgerImbalance'), t.fires('20m', 'TrailAgentLedgerImbalance', [a], '-1')],
  ),
  t.test(
    'a dead letter is sent, and nobody may ask about its queue',
    [t.series('trail_agent_dead_letters_total', '0x9 1x54', { reason: 'object_missing' })],
    [t.silent('5m', 'TrailAgentDeadLetters'), t.fires('15m', 'TrailAgentDeadLetters', value='1'), t.silent('45m', 'TrailAgentDeadLetters')],
  ),
  // What does not touch each other shares a timeline: each one costs promtool a second.
  t.together('one fault after the other', '1m', [
    // It is started again and again; the other replica was rolled out.
    {
      series: [
        t.series('process_start_time_seconds', '-7200x4 300x4 600x4 900x4 1200x100'),
        t.series('process_start_time_seconds', '-7200x14 700x34', replica='b'),
      ],
      checks: [
        t.silent('15m', 'TrailAgentRestartLoop'),
        t.fires('20m', 'TrailAgentRestartLoop', [a], '4'),
        t.silent('90m', 'TrailAgentRestartLoop'),
      ],
    },
    // A bug.
    {
      series: [
        t.series('trail_agent_retries_total', '0x24 1x79', { reason: 'bug' }),
        t.series('trail_agent_retries_total', '0+1x104', { reason: 'store_unavailable' }),
      ],
      checks: [
        t.silent('20m', 'TrailAgentBug'),
        t.fires('25m', 'TrailAgentBug', [a { reason: 'bug' }]),
        t.silent('90m', 'TrailAgentBug'),
      ],
    },
    // The sink takes nine seconds for each request of one replica, for an hour. For another there are only a few; for a
    // third it takes four seconds.
    {
      series: [
        t.series('trail_agent_export_seconds_bucket', '0x59 0+0.5x60', { le: '5' }),
        t.series('trail_agent_export_seconds_bucket', '0+0.5x120', { le: '10' }),
        t.series('trail_agent_export_seconds_bucket', '0+0.5x120', { le: '+Inf' }),
        t.series('trail_agent_export_seconds_count', '0+0.5x120'),
        t.series('trail_agent_export_seconds_bucket', '0x120', { le: '5' }, 'b'),
        t.series('trail_agent_export_seconds_bucket', '0+0.2x120', { le: '10' }, 'b'),
        t.series('trail_agent_export_seconds_bucket', '0+0.2x120', { le: '+Inf' }, 'b'),
        t.series('trail_agent_export_seconds_count', '0+0.2x120', replica='b'),
        t.series('trail_agent_export_seconds_bucket', '0x120', { le: '2.5' }, 'c'),
        t.series('trail_agent_export_seconds_bucket', '0+1x120', { le: '5' }, 'c'),
        t.series('trail_agent_export_seconds_bucket', '0+1x120', { le: '+Inf' }, 'c'),
        t.series('trail_agent_export_seconds_count', '0+1x120', replica='c'),
      ],
      checks: [
        t.silent('30m', 'TrailAgentSinkSlow'),
        t.fires('60m', 'TrailAgentSinkSlow', [a], '9.5s'),
        t.silent('100m', 'TrailAgentSinkSlow'),
      ],
    },
    // The bucket announces all that is put into it.
    {
      series: [
        t.series('trail_agent_notifications_ignored_total', '0+2x400', { reason: 'other_key' }),
        t.series('trail_agent_notifications_ignored_total', '0+10x400', { reason: 'digest' }),
        t.series('trail_agent_objects_read_total', '0+1x400'),
      ],
      checks: [
        t.silent('55m', 'TrailAgentUnexpectedNotifications'),
        t.fires('120m', 'TrailAgentUnexpectedNotifications', value='240'),
      ],
    },
    // Dead letters, as two replicas see them.
    {
      series: [
        dead('0x4 1x104'),
        dead('0x4 1x104', 'b'),
        dead('0x9 2x104', state='in_flight'),
        t.series('trail_agent_queue_messages', '7x104', { queue: 'main', state: 'visible' }),
      ],
      checks: [
        t.silent('0m', 'TrailAgentDeadLetters'),
        t.fires('5m', 'TrailAgentDeadLetters', value='1'),
        t.fires('10m', 'TrailAgentDeadLetters', value='3'),
      ],
    },
    // A dead letter is sent, and the agent may not ask about its queue, nor a third replica about one of the two; another
    // one is throttled at times.
    {
      series: [
        t.series('trail_agent_sqs_requests_total', '0+4x104', { operation: 'GetQueueAttributes', result: 'denied' }),
        t.series('trail_agent_sqs_requests_total', '0x104', { operation: 'GetQueueAttributes', result: 'ok' }),
        t.series('trail_agent_sqs_requests_total', '0+1x104', { operation: 'GetQueueAttributes', result: 'throttled' }, 'b'),
        t.series('trail_agent_sqs_requests_total', '0+3x104', { operation: 'GetQueueAttributes', result: 'ok' }, 'b'),
        t.series('trail_agent_sqs_requests_total', '0+4x104', { operation: 'GetQueueAttributes', result: 'denied' }, 'c'),
        t.series('trail_agent_sqs_requests_total', '0+4x104', { operation: 'GetQueueAttributes', result: 'ok' }, 'c'),
        t.series('trail_agent_sqs_requests_total', '0+9x104', { operation: 'SendMessage', result: 'denied' }, 'd'),
      ],
      checks: [
        t.silent('10m', 'TrailAgentQueueUnwatched'),
        t.fires('30m', 'TrailAgentQueueUnwatched', [a, t.replica('c')], '60'),
      ],
    },
    // One region is not answered for an hour; of another an event is passed over. Of a third, one of two agents waits.
    {
      series: [
        t.series('trail_agent_event_history_position_timestamp_seconds', '0x60 3600+60x60', { region: 'us-west-2' }),
        t.series('trail_agent_event_history_position_timestamp_seconds', '0+60x120', { region: 'eu-west-1' }),
        t.series('trail_agent_event_history_position_timestamp_seconds', '-1800x120', { region: 'eu-west-1' }, 'b'),
        t.series('trail_agent_event_history_unshipped_total', '0x9 1x104', { region: 'eu-west-1' }),
        t.series('trail_agent_event_history_unshipped_total', '0x114', { region: 'us-west-2' }),
      ],
      checks: [
        t.silent('35m', 'TrailAgentEventHistoryBehind'),
        t.fires('45m', 'TrailAgentEventHistoryBehind', [{ region: 'us-west-2' }], '45m 0s'),
        t.silent('90m', 'TrailAgentEventHistoryBehind'),
        t.fires('15m', 'TrailAgentEventHistoryUnshipped', [{ region: 'eu-west-1' }], '1'),
        t.silent('60m', 'TrailAgentEventHistoryUnshipped'),
      ],
    },
    // A disk is full for half an hour.
    {
      series: [t.series('trail_agent_waiting', '0x9 1x29 0x54', { fault: 'checkpoint unwritten' })],
      checks: [
        t.silent('20m', 'TrailAgentCheckpointUnwritten'),
        t.fires('30m', 'TrailAgentCheckpointUnwritten', [a { fault: 'checkpoint unwritten' }]),
        t.silent('30m', 'TrailAgentWaiting'),
        t.silent('60m', 'TrailAgentCheckpointUnwritten'),
      ],
    },
    // Leases are lost: three in an hour, then more.
    {
      series: [t.series('trail_agent_leases_lost_total', '0x9 3x64 9x34')],
      checks: [
        t.silent('30m', 'TrailAgentLeasesLost'),
        t.fires('75m', 'TrailAgentLeasesLost', [a], '6'),
        t.silent('15m', 'TrailAgentLeasesLost'),
      ],
    },
    // An event has no fate; the other replica has a message in hand all the time.
    {
      series: [
        t.series('trail_agent_events_read_total', '0+100x120'),
        t.series('trail_agent_events_total', '0+100x19 1999+100x100', { fate: 'exported' }),
        t.series('trail_agent_in_flight_deliveries', std.join(' ', ['0x4 1x4' for _ in std.range(0, 11)])),
        t.series('trail_agent_events_read_total', '50+100x120', replica='b'),
        t.series('trail_agent_events_total', '0+100x120', { fate: 'exported' }, 'b'),
        t.series('trail_agent_in_flight_deliveries', '1x124', replica='b'),
      ],
      checks: [t.silent('60m', 'TrailAgentLedgerImbalance'), t.fires('80m', 'TrailAgentLedgerImbalance', [a], '1')],
    },
    // Records are shortened, and a label overflows.
    {
      series: [
        t.series('trail_agent_records_truncated_total', '0x9 1x104'),
        t.series('trail_agent_label_overflow_total', '0x9 1x104', { label: 'event_name' }),
        t.series('trail_agent_label_overflow_total', '0x104', { label: 'space_name' }),
      ],
      checks: [
        t.silent('5m', ['TrailAgentRecordsTruncated', 'TrailAgentLabelOverflow']),
        t.fires('100m', 'TrailAgentRecordsTruncated', [a], '1'),
        t.fires('100m', 'TrailAgentLabelOverflow', [a { label: 'event_name' }], '1'),
      ],
    },
    // None is left.
    {
      series: [t.series('up', '1x14 0x64')],
      checks: [t.silent('10m', 'TrailAgentDown'), t.fires('20m', 'TrailAgentDown')],
    },
  ]),
]
