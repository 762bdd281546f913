// Trail agent: the flow in the order of the ledger, ages, faults by reason, the queue, the process.
local layout = import 'layout.libsonnet';
local look = import 'panels.libsonnet';
local from = import 'sources.libsonnet';

local of(metric, more='') = metric + '{job=~"$job", instance=~"$instance"' + (if more == '' then '' else ', ' + more) + '}';
local rate(metric, more='') = 'rate(' + of(metric, more) + '[$__rate_interval])';
local increase(metric) = 'increase(' + of(metric) + '[$__rate_interval])';
local aggregated(operator, what, by) = operator + (if by == '' then '' else ' by (' + by + ') ') + '(' + what + ')';
local most(what, by='') = aggregated('max', what, by);
local least(what) = aggregated('min', what, '');
local sum(what, by='') = aggregated('sum', what, by);
local perMinute(metric, by='', more='') = sum(rate(metric, more), by) + ' * 60';
local age(metric) = [from.buckets(sum(increase(metric + '_bucket'), 'le'))];
local minute = look.perMinute;
local alarms = 'An alert watches this. ';

local well = layout.row('', [
  look.stat('Ready', 'Whether all replicas are ready: settings are loaded, the queue answers, the sink accepts. /readyz of each replica says what is missing.', [from.value(least(of('trail_agent_ready')))])
  + look.thresholds(['red', 1, 'green']) + look.words({ '0': { text: 'not ready', color: 'red' }, '1': { text: 'ready', color: 'green' } }) + look.noValue('no agent'),
  look.stat('Sink', 'Whether the sink accepts from all replicas. While it does not, messages wait in the queue and nothing is lost.', [from.value(least(of('trail_agent_sink_up')))])
  + look.thresholds(['red', 1, 'green']) + look.words({ '0': { text: 'down', color: 'red' }, '1': { text: 'accepts', color: 'green' } }) + look.noValue('no agent'),
  look.stat('Waits for', 'How many different faults are waited for now, by whichever replica. The panel "What is waited for" names them.', [from.value(sum(most(of('trail_agent_waiting'), 'fault')))])
  + look.thresholds(['green', 1, 'red']) + look.noValue('no agent'),
  look.stat('Oldest message', 'Age of the oldest message in hand. It grows while something is waited for, or while there are too few replicas.', [from.value(most(of('trail_agent_oldest_delivery_age_seconds')))])
  + look.unit('s') + look.thresholds(['green', 900, 'orange', 1800, 'red']) + look.noValue('no agent'),
  look.stat('In the queue', 'Messages that wait in the queue, as SQS estimates them.', [from.value(most(of('trail_agent_queue_messages', 'queue="main", state="visible"')))]) + look.noValue('not known yet'),
  look.stat('Dead letters', 'Messages in the dead-letter queue, also those that somebody looks at and those that are delayed. Their events have not been shipped. SQS deletes them when its retention ends.', [
    from.value(sum(most(of('trail_agent_queue_messages', 'queue="dead_letter"'), 'state'))),
  ]) + look.thresholds(['green', 1, 'red']) + look.noValue('not known yet'),
  look.stat('Newest event', 'When the newest event happened that the sink accepted. CloudTrail itself takes some five minutes.', [from.value(most(of('trail_agent_last_event_timestamp_seconds') + ' > 0') + ' * 1000')])
  + look.unit('dateTimeFromNow') + look.noValue('none yet') + { options+: { text: { valueSize: 18 } } },
  look.stat('Replicas', 'Replicas that Prometheus reaches.', [from.value(sum(of('trail_agent_build_info')))]) + look.thresholds(['red', 1, 'green']) + look.noValue('0'),
]);

local flow = layout.row('The flow, in the order of the ledger', [
  look.lines('1 · Messages received', 'SQS messages received in a minute.', [from.series(perMinute('trail_agent_deliveries_received_total'), 'messages')]) + minute + look.width(6),
  look.lines('2 · Objects read', 'Objects of S3 that were read whole and found sound, and parts of messages that hold nothing for the agent.', [
    from.series(perMinute('trail_agent_objects_read_total'), 'objects read'),
    from.series(perMinute('trail_agent_notifications_ignored_total'), 'parts ignored'),
  ]) + minute + look.width(6),
  look.lines('3 · Events read', 'Events of any service in these objects, and those of them that are skipped, because select does not name them.', [
    from.series(perMinute('trail_agent_events_read_total'), 'read'),
    from.series(perMinute('trail_agent_events_total', '', 'fate="skipped"'), 'skipped'),
  ]) + minute + look.colors({ skipped: '#8e8e8e', read: 'blue' }) + look.width(6),
  look.bars('4 · Events selected, by fate', 'What became of the events that are not skipped. duplicate: shipped before by this process. retried: it comes again. passed_over: Event history alone has it.', [
    from.series(perMinute('trail_agent_events_total', 'fate', 'fate!="skipped"'), '{{fate}}'),
  ]) + minute + look.colors({ exported: 'green', duplicate: 'blue', retried: 'yellow', malformed: 'orange', dead_lettered: 'red', passed_over: 'red' }) + look.width(6),
  look.bars('5 · Export requests, by result', 'What the sink answered. Only ok and partial are a yes.', [from.series(perMinute('trail_agent_export_requests_total', 'result'), '{{result}}')])
  + minute + look.colors({ ok: 'green', partial: 'blue', throttled: 'yellow', unavailable: 'orange', rejected: 'red', misconfigured: 'purple' }) + look.width(6),
  look.bars('6 · Messages settled, by outcome', 'What SQS was told. delivered: deleted. retry and returned: they come again. dead_letter: sent to the dead-letter queue, then deleted.', [
    from.series(perMinute('trail_agent_deliveries_settled_total', 'outcome'), '{{outcome}}'),
  ]) + minute + look.colors({ delivered: 'green', returned: 'blue', retry: 'yellow', dead_letter: 'red' }) + look.width(6),
  look.lines('Events in hand', alarms + 'Events that were read and have no fate yet. The line comes back to 0 whenever no message is in hand; if it stays away from it, the ledger does not balance.', [
    from.series(sum(of('trail_agent_events_read_total')) + ' - ' + sum(of('trail_agent_events_total')), 'read, without a fate'),
  ]) + look.width(6),
  look.lines('Bytes read', 'Compressed bytes of the objects read.', [from.series(sum(rate('trail_agent_object_bytes_total')), 'read')]) + look.unit('Bps') + look.width(6),
]);

local ages = layout.row('Ages', [
  look.heatmap('From the event to the sink', 'From eventTime until the sink accepted the event. CloudTrail takes some five minutes of it. A dark band is where most events are.', age('trail_agent_event_age_seconds'), 'Oranges') + look.noValue('No event in this time') + look.height(9),
  look.heatmap('From the object to the sink', "From S3's LastModified until the sink accepted the events of the object: the share of the agent and its queue.", age('trail_agent_object_age_seconds'), 'Blues') + look.noValue('No event in this time') + look.height(9),
  look.heatmap('From the queue to settled', 'From the time that SQS got a message until it was settled as delivered, also if it held nothing of interest.', age('trail_agent_delivery_age_seconds'), 'Greens') + look.noValue('No message in this time') + look.height(9),
  look.lines('Oldest message in hand', alarms + 'It is taken from SentTimestamp. The red line is where the alert begins.', [from.series(most(of('trail_agent_oldest_delivery_age_seconds'), 'instance'), '{{instance}}')])
  + look.unit('s') + { fieldConfig+: { defaults+: { thresholds: { mode: 'absolute', steps: [{ color: 'transparent', value: null }, { color: 'red', value: 1800 }] }, custom+: { thresholdsStyle: { mode: 'line' } } } } } + look.height(7),
  look.heatmap('Reads of S3', 'How long it takes to read and inflate one object.', age('trail_agent_object_read_seconds'), 'Purples') + look.noValue('No object in this time') + look.height(7),
  look.heatmap('Requests to the sink', 'How long the sink takes to answer one request.', age('trail_agent_export_seconds'), 'Reds') + look.noValue('No request in this time') + look.height(7),
]);

local faults = layout.row('Faults, by reason', [
  look.timeline('What is waited for', 'Each fault of something around the agent, and when the work waited because of it. docs/faults.md says what to do about each.', [
    from.series(most(of('trail_agent_waiting'), 'fault'), '{{fault}}'),
  ]) + look.thresholds(['rgba(128, 128, 128, 0.12)', 1, 'red']) + look.words({ '0': { text: 'no', color: 'rgba(128, 128, 128, 0.12)' }, '1': { text: 'waits', color: 'red' } })
  + look.noValue('No agent') + look.width(12) + look.height(14),
  [
    look.bars('Dead letters, by reason', alarms + 'Messages that can never pass as they are.', [from.series(perMinute('trail_agent_dead_letters_total', 'reason'), '{{reason}}')])
    + minute + look.highest + look.width(12) + look.height(7),
    look.bars('Retries, by reason', 'Messages that were given back to the queue, because they may pass later.', [from.series(perMinute('trail_agent_retries_total', 'reason'), '{{reason}}')])
    + minute + look.highest + look.width(12) + look.height(7),
  ],
  look.bars('Ignored, by reason', 'Parts of messages that are proven to hold nothing for the agent.', [from.series(perMinute('trail_agent_notifications_ignored_total', 'reason'), '{{reason}}')])
  + minute + look.highest + look.width(12) + look.height(7),
  look.bars('Shortened records, replaced labels', alarms + 'Records that were cut to a limit, and events that were counted under "other" because a label had too many values.', [
    from.series(perMinute('trail_agent_records_truncated_total'), 'records shortened'),
    from.series(perMinute('trail_agent_label_overflow_total', 'label'), 'label {{label}}'),
  ]) + minute + look.highest + look.width(12) + look.height(7),
]);

local queue = layout.row('Queue, leases, SQS', [
  look.lines('Messages in the queues', 'As SQS estimates them. in_flight: held by a replica. The dead-letter queue must be empty.', [
    from.series(most(of('trail_agent_queue_messages'), 'queue, state'), '{{queue}} {{state}}'),
  ]) + look.noValue('SQS has not been asked yet') + look.width(6),
  look.lines('Messages held', 'Messages and windows of Event history in the hands of the replicas.', [from.series(sum(of('trail_agent_in_flight_deliveries'), 'instance'), '{{instance}}')]) + look.width(6),
  look.bars('Leases', alarms + 'A lease is extended while a message is in hand. A lost one means that another replica may have got the same message: its events may be shipped twice, in the same bytes.', [
    from.series(perMinute('trail_agent_lease_extensions_total'), 'extended'),
    from.series(perMinute('trail_agent_leases_lost_total'), 'lost'),
  ]) + minute + look.colors({ extended: 'blue', lost: 'red' }) + look.width(6),
  look.lines('Requests to SQS', 'They are what SQS costs. A busy replica needs about one receive and one delete for ten messages.', [from.series(perMinute('trail_agent_sqs_requests_total', 'operation'), '{{operation}}')])
  + minute + look.width(6),
  look.bars('Requests that SQS did not serve', 'By operation and by what SQS answered.', [
    from.series(perMinute('trail_agent_sqs_requests_total', 'operation, result', 'result!="ok"'), '{{operation}} {{result}}'),
  ]) + minute + look.highest + look.width(24) + look.height(6),
]);

local history = layout.row('Event history', [
  look.lines('Behind, by region', alarms + 'How long ago that happened up to which everything is shipped, of the agent that has come farthest. Between two polls it grows by event_history.poll_seconds.', [
    from.series('time() - ' + most(of('trail_agent_event_history_position_timestamp_seconds'), 'region'), '{{region}}'),
  ]) + look.unit('s') + look.noValue('No region is polled') + look.width(8),
  look.bars('Requests, by answer', 'LookupEvents requests. CloudTrail allows two in a second for each account and region, for all who ask.', [
    from.series(perMinute('trail_agent_event_history_requests_total', 'region, result'), '{{region}} {{result}}'),
  ]) + minute + look.noValue('No region is polled') + look.width(8),
  look.bars('Passed over, by region', alarms + 'Events, or windows of time, that were not shipped and do not come again by themselves. The log line event_unshipped has each, with the command that ships it.', [
    from.series(perMinute('trail_agent_event_history_unshipped_total', 'region'), '{{region}}'),
  ]) + minute + look.noValue('No region is polled') + look.width(8),
]);

local process = layout.row('Process', [
  look.lines('CPU', 'Cores in use by each replica.', [from.series(rate('process_cpu_seconds_total'), '{{instance}}')]) + look.unit('none') + look.width(6),
  look.lines('Memory', 'Resident memory of each replica, and what its reads have reserved (limits.in_flight_bytes).', [
    from.series(of('process_resident_memory_bytes'), '{{instance}}'),
    from.series(of('trail_agent_in_flight_bytes'), '{{instance}} reserved'),
  ]) + look.unit('bytes') + look.width(6),
  look.lines('Open files', 'File descriptors in use, as a share of what the process may open.', [from.series(of('process_open_fds') + ' / ' + of('process_max_fds'), '{{instance}}')])
  + look.unit('percentunit') + look.width(6),
  look.table('What runs', 'Version, commit and Python of each replica, and since when it runs.', [
    from.value(of('trail_agent_build_info'), format='table'),
    from.value(of('process_start_time_seconds') + ' * 1000', format='table'),
  ], [
    ['instance', 'Replica'],
    ['version', 'Version', { 'custom.width': 90 }],
    ['revision', 'Commit', { 'custom.width': 90 }],
    ['python_version', 'Python', { 'custom.width': 80 }],
    ['Value #B', 'Started', { unit: 'dateTimeFromNow', 'custom.width': 120 }],
  ]) + look.width(6) + look.height(8) + look.noValue('No agent'),
]);

{
  grafanaDashboards+:: {
    'agent.json': layout.dashboard(
      $._config,
      'trail-agent',
      'Trail agent',
      'Whether the agent works: the flow in the order of the ledger, ages, faults by reason, the queue, the process.',
      { from: 'now-6h', to: 'now' },
      '30s',
      [
        from.datasource('prometheus_datasource', 'prometheus', 'Prometheus'),
        from.datasource('loki_datasource', 'loki', 'Loki') + { hide: 2 },
        from.ofPrometheus('job', 'Job', 'label_values(trail_agent_build_info, job)', '.+'),
        from.ofPrometheus('instance', 'Replica', 'label_values(trail_agent_build_info{job=~"$job"}, instance)', '.+'),
      ],
      [well, flow, ages, faults, queue, history, process],
      [
        from.firing('TrailAgent.+', '{{severity}} {{instance}}'),
        from.annotation('Starts', 'process_start_time_seconds{job=~"$job", instance=~"$instance"} * 1000', 'blue') {
          titleFormat: 'A replica started',
          textFormat: '{{instance}}',
          useValueForTime: true,
        },
      ]
    ),
  },
}
