// About the agent itself. docs/faults.md says what each fault is that it waits for, and what to do.
local aggregation = import '../aggregation.libsonnet';
local fill = import '../fill.libsonnet';
local alert = import 'alert.libsonnet';

{
  local config = $._config,
  local a = aggregation(config),
  local selector = config.trailAgentSelector,
  local q(text, values={}) = fill(text, { s: selector, by: a.by() } + values),
  local inWords(time) =
    std.foldl(function(text, unit) std.strReplace(text, unit[0], unit[1]), [['1w', 'a week'], ['h', ' hours'], ['d', ' days']], time),
  local replica = ['job', 'instance'],
  local whole = '{' + config.agentLogSelector + '}',
  local log(filter) = whole + ' | json | ' + filter,

  local up = [
    alert.new(
      'TrailAgentDown',
      'critical',
      q('absent(up{%(s)s} == 1)') + (
        if config.groupLabels == [] then '' else q(|||

          or
          count%(by)s(count_over_time(up{%(s)s}[1d]))
          unless count%(by)s(up{%(s)s} == 1)
        |||)
      ),
      'No trail-agent runs',
      means='Prometheus has reached no replica for 5 minutes. Nothing is lost while the queue keeps its messages, but nobody sees what happens in the space.',
      todo="Look at the pods (`kubectl get pods -l app.kubernetes.io/name=trail-agent`, `kubectl logs -l app.kubernetes.io/name=trail-agent --previous`) or the service (`systemctl status trail-agent`, `journalctl -u trail-agent -n 50`).",
      when='No replica answers Prometheus, for 5 minutes.',
      query=whole,
      lasts='5m',
    ),
    alert.new(
      'TrailAgentReplicaDown',
      'warning',
      q('up{%(s)s} == 0'),
      '{{ $labels.instance }} has not answered for 10 minutes',
      means='Prometheus cannot reach this replica. The others take its messages, but they may be slower, and the next fault finds one less.',
      todo='Look at the pod or the service, and at the last lines of its log.',
      when='This replica does not answer Prometheus, for 10 minutes.',
      query=whole,
      lasts='10m',
      why='Only for a replica that Prometheus still finds: a pod that no node takes is none of its targets.',
    ),
    alert.new(
      'TrailAgentRestartLoop',
      'warning',
      q('changes(process_start_time_seconds{%(s)s}[1h]) > %(most)s', { most: config.restartsPerHour }),
      '{{ $labels.instance }} has started {{ $value }} times within an hour',
      means='The process ends and is started again, over and over. Each time, messages in hand come again, and SQS counts a receive; after maxReceiveCount receives it moves a message to the dead-letter queue.',
      todo='Read why it ended: exit code 78 means wrong settings, 70 a bug, 137 too little memory (the limit should be limits.in_flight_bytes and 256 MiB more).',
      when='More than ' + config.restartsPerHour + ' starts within an hour.',
      query=log('event=~"started|stopped|draining|stuck|worker_failed"'),
      why='A rollout starts each process once or twice.',
    ),
    alert.new(
      'TrailAgentNotReady',
      'warning',
      q('trail_agent_ready{%(s)s} == 0'),
      '{{ $labels.instance }} has not been ready for 10 minutes',
      means='The queue does not answer, a bucket cannot be read, the sink does not accept, or the agent stops. The messages stay in the queue.',
      todo="/readyz, the status page and the agent's log say which it is, and `trail-agent check --online` what is wrong there (docs/checks.md). docs/faults.md has each fault that is waited for.",
      when='/readyz says no, for 10 minutes.',
      query=log('fault!=""'),
      lasts='10m',
    ),
    alert.new(
      'TrailAgentWaiting',
      'critical',
      q('trail_agent_waiting{%(s)s, fault!~"sink .*|checkpoint unwritten"} == 1'),
      '{{ $labels.instance }} has waited for 15 minutes: {{ $labels.fault }}',
      means='The agent holds its messages and receives no more, because of a fault for which no message is to blame. No event arrives until it is over.',
      todo='Look the fault up in docs/faults.md, under "waited for": it says what the agent does and what you do.',
      when='A fault that is not of the sink is waited for, for 15 minutes.',
      query=log('event=~"gate_closed|queue_down|settling_down"'),
      lasts='15m',
      why='The sink has an alert of its own, and so has a checkpoint that cannot be written. Throttling and short outages of AWS pass within these 15 minutes.',
    ),
    alert.new(
      'TrailAgentBug',
      'warning',
      q('increase(trail_agent_retries_total{%(s)s, reason="bug"}[1h]) > 0'),
      'A bug of trail-agent on {{ $labels.instance }}',
      means='A unit of work ended in a way that nobody foresaw. Its messages went back to the queue and come again; if it is always the same one, SQS moves it to the dead-letter queue.',
      todo='Report it with the log line worker_failed, and look for a newer version.',
      when='One unit of work ended by a bug within an hour.',
      query=log('event="worker_failed"'),
    ),
  ],

  local flow = [
    alert.new(
      'TrailAgentSinkDown',
      'critical',
      q('trail_agent_sink_up{%(s)s} == 0'),
      'The sink has accepted nothing from {{ $labels.instance }} for 5 minutes',
      means='The Collector or Loki is down, refuses, or is not where otlp.endpoint says. The agent waits and keeps its messages.',
      todo="/readyz and the agent's log say what the sink answers. Loki may be what is down: then the query finds nothing new, and the log is in `kubectl logs -l app.kubernetes.io/name=trail-agent` or `journalctl -u trail-agent`.",
      when='The sink accepts nothing, for 5 minutes.',
      query=log('event=~"sink_down|sink_accepts_again"'),
      lasts='5m',
    ),
    alert.new(
      'TrailAgentSinkSlow',
      'warning',
      q(|||
        histogram_quantile(0.9, sum%(buckets)s(rate(trail_agent_export_seconds_bucket{%(s)s}[30m]))) > %(slow)s
        and sum%(replica)s(increase(trail_agent_export_seconds_count{%(s)s}[30m])) >= 10
      |||, { slow: config.slowSinkSeconds, replica: a.by(replica), buckets: a.by(replica + ['le']) }),
      'One export in ten from {{ $labels.instance }} takes longer than {{ $value | humanizeDuration }}',
      means='The sink answers slowly. Soon requests take longer than otlp.timeout_seconds, and the agent waits for a sink that is in fact there.',
      todo='Give the sink more processors or memory, or look at what is between; smaller requests (otlp.max_batch_records) may help. More replicas do not.',
      when='One export in ten takes longer than ' + config.slowSinkSeconds + ' seconds, of at least ten in half an hour, for 15 minutes.',
      query=log('event=~"sink_down|sink_accepts_again"'),
      lasts='15m',
      why='Of fewer than ten requests in half an hour, the slowest one would be the verdict.',
    ),
    alert.new(
      'TrailAgentDeliveryLagging',
      'warning',
      q(|||
        max%(by)s(trail_agent_oldest_delivery_age_seconds{%(s)s}) > %(late)s
        and max%(by)s(trail_agent_queue_messages{%(s)s, queue="main", state="visible"}) > 0
      |||, { late: config.laggingSeconds }),
      'The oldest message in hand is {{ $value | humanizeDuration }} old',
      means='Messages wait in the queue and the agent takes them late.',
      todo='If the sink and the buckets answer, run more replicas.',
      when='A message is older than ' + config.laggingSeconds / 60 + ' minutes and others wait, for 10 minutes.',
      query=log('event=~"retried|sink_down|gate_closed|queue_down"'),
      lasts='10m',
    ),
    alert.new(
      'TrailAgentQueueRetentionRisk',
      'critical',
      q(|||
        max%(by)s(trail_agent_oldest_delivery_age_seconds{%(s)s})
        > 0.5 * max%(by)s(trail_agent_queue_retention_seconds{%(s)s, queue="main"})
      |||),
      'Messages are {{ $value | humanizeDuration }} old: more than half of the time for which SQS keeps them',
      means="When the queue's retention ends, SQS deletes a message whether it was delivered or not. Its events are then only in the bucket.",
      todo="Raise the queue's retention (MessageRetentionPeriod, at most 14 days) first: it counts for messages that wait already. Then do what the other alerts say.",
      when='A message is older than half of the retention of the queue, for 10 minutes.',
      query=log('event=~"retried|sink_down|gate_closed|queue_down|settling_down"'),
      lasts='10m',
    ),
    alert.new(
      'TrailAgentNoObjects',
      'warning',
      q(|||
        sum%(by)s(increase(trail_agent_objects_read_total{%(s)s}[%(window)s])) == 0
        and %(on)s max%(by)s(max_over_time(up{%(s)s}[10m] offset %(window)s)) == 1
        and %(on)s max%(by)s(trail_agent_last_receive_timestamp_seconds{%(s)s}) > 0
      |||, { window: config.noObjectsWindow, on: a.on() }),
      'No object of the trail has been read for ' + std.strReplace(config.noObjectsWindow, 'h', ' hours'),
      means="The agent runs and reads nothing. If the sink accepts, the trail may be stopped, the bucket may no longer notify the queue, or the queue's policy may refuse.",
      todo='Run `trail-agent check --online`: it says which of these it is, and what to do (docs/checks.md). It also tells how old the newest object in the bucket is.',
      when='No object was read in ' + std.strReplace(config.noObjectsWindow, 'h', ' hours') + ', for 30 minutes more.',
      query=log('event=~"notification_ignored|dead_lettered|retried|queue_down"'),
      lasts='30m',
      why='A quiet account may write nothing for an hour. Hardly one does for three: the trail also records the calls by which services and agents take on their roles. An agent that was not there three hours ago cannot say it, nor one without a queue, which reads Event history alone.',
    ),
    alert.new(
      'TrailAgentNothingToShip',
      'info',
      q(|||
        sum%(by)s(increase(trail_agent_objects_read_total{%(s)s}[3d])) > 0
        unless sum%(by)s(increase(trail_agent_events_total{%(s)s, fate=~"exported|duplicate"}[3d])) > 0
        and %(on)s max%(by)s(max_over_time(up{%(s)s}[10m] offset 3d)) == 1
        and %(on)s count%(by)s(codecatalyst_events_total{%(s)s})
      |||, { on: a.on() }),
      'The trail is read, and for days nothing in it was for the sink',
      means="The agent reads objects, and no event in them is one that select asks for. Space and project events are written in the space's billing account only: this may be the trail of another account, or of another region.",
      todo='Run `trail-agent inspect --explain -c agent.yaml` on a newer object of the bucket: it says what is in it, and why none of it is shipped. If nobody uses CodeCatalyst any more, the agent can be stopped, or this alert left out.',
      when='Objects were read, and nothing was shipped in three days, for a day more.',
      query='{' + config.lokiSelector + '}',
      lasts='1d',
      why='Three days and one more are longer than a weekend. Only of an agent that was there three days ago, and that is asked for the events of CodeCatalyst.',
    ),
    alert.new(
      'TrailAgentUnexpectedNotifications',
      'info',
      q(|||
        sum%(by)s(increase(trail_agent_notifications_ignored_total{%(s)s, reason=~"other_key|other_event|other_service"}[6h]))
        > 100 + sum%(by)s(increase(trail_agent_objects_read_total{%(s)s}[6h]))
      |||),
      'Most of what the queue announces is not about objects of the trail: {{ $value | printf "%.0f" }} notifications in six hours',
      means='The agent passes more notifications over than it reads objects: something else writes to the queue, or the bucket announces all of its objects. It costs requests, and nothing is lost.',
      todo="Let the bucket's notification name the trail's prefix and the ending .json.gz, or take away the other sender.",
      when='In six hours, more than 100 notifications more than objects.',
      query=log('event="notification_ignored"'),
    ),
  ],

  local deadLetters = [
    alert.new(
      'TrailAgentDeadLetters',
      'warning',
      q(|||
        trail_agent:dead_letters > 0
        or
        sum%(by)s(increase(trail_agent_dead_letters_total{%(s)s}[15m])) > 0
      |||),
      'Dead letters: {{ $value | printf "%.0f" }}',
      what='There are messages in the dead-letter queue, or some were sent there within 15 minutes',
      means='Their events have not been shipped. SQS deletes them when the retention of the dead-letter queue ends.',
      todo='`trail-agent dead-letters list` shows the reason of each and what to do about it; docs/faults.md explains.',
      when='One message in the dead-letter queue, or sent there within 15 minutes.',
      query=log('event="dead_lettered"'),
      why='The second part is for those that nobody finds in the queue: they were sent back at once, or the agent may not ask how many there are.',
    ),
    alert.new(
      'TrailAgentDeadLettersOld',
      'critical',
      std.join('or\n', [
        q(|||
          min_over_time(trail_agent:dead_letters[%(after)s]) > 0
          and present_over_time(trail_agent:dead_letters[1d] offset %(after)s)
        |||, old)
        + (if old.shorterThanDays == null then '' else q(|||
             and %(on)s max%(by)s(trail_agent_queue_retention_seconds{%(s)s, queue="dead_letter"}) < %(shorterThanDays)s * 86400
           |||, old { on: a.on() }))
        for old in config.oldDeadLetters
      ]),
      'Dead letters have waited for long, and SQS will delete them: at least {{ $value | printf "%.0f" }}',
      what='Dead letters have waited for long, and SQS will delete them',
      means="The dead-letter queue has not been empty for a good part of its retention: for a week if that is 14 days or not known, for four days if it is shorter, for two days if it is shorter than eight days (SQS's default is four), and for twelve hours if it is shorter than four days. For the oldest message, less time may be left: one that SQS itself moved there keeps its age. Once it is deleted, its events are only in the bucket.",
      todo="Look at each dead letter's reason, correct its cause, and send it back (trail-agent dead-letters list, show, redrive); delete what you do not want (drop).",
      when='The dead-letter queue was never empty for ' + std.join(', ', [inWords(old.after) + (if old.shorterThanDays == null then ' otherwise' else ' (retention below ' + old.shorterThanDays + ' days)') for old in config.oldDeadLetters]) + '.',
      query=log('event="dead_lettered"'),
      why='Never empty in all that time; and there was somebody to see it when it began.',
    ),
    alert.new(
      'TrailAgentQueueUnwatched',
      'warning',
      q(|||
        sum%(replica)s(increase(trail_agent_sqs_requests_total{%(s)s, operation="GetQueueAttributes", result!="ok"}[15m]))
        > 0.3 * sum%(replica)s(increase(trail_agent_sqs_requests_total{%(s)s, operation="GetQueueAttributes"}[15m]))
      |||, { replica: a.by(replica) }),
      '{{ $labels.instance }} cannot ask SQS about its queues: {{ $value | printf "%.0f" }} calls failed in 15 minutes',
      what='The agent cannot ask SQS about its queues',
      means='GetQueueAttributes fails for the queue, the dead-letter queue, or both. How many messages wait in it, and for how long SQS keeps them, is not known then, or as it was before: the alerts about dead letters, late messages and retention see nothing. Nothing is lost by this.',
      todo='Allow sqs:GetQueueAttributes on both queues (deploy/iam). trail_agent_sqs_requests_total has the kind of failure.',
      when='Of the calls of GetQueueAttributes in 15 minutes, more than three in ten fail, for 15 minutes.',
      query=log('event="queue_down"'),
      lasts='15m',
      why='One of the two queues is half of the calls. A third is more than a few throttled ones.',
    ),
  ],

  local history = [
    alert.new(
      'TrailAgentEventHistoryBehind',
      'warning',
      q(|||
        time() - max%(region)s(trail_agent_event_history_position_timestamp_seconds{%(s)s}) > %(late)s
      |||, { late: config.laggingSeconds, region: a.by(['region']) }),
      'Event history of {{ $labels.region }} is {{ $value | humanizeDuration }} behind',
      what='The Event history of a region is read late',
      means='CloudTrail refuses or throttles the requests for this region, the sink does not accept, or more happens there than can be asked for. CloudTrail keeps the events for 90 days: until then nothing is lost.',
      todo='The log says what CloudTrail answers: look the fault up in docs/faults.md, or run `trail-agent check --online`. If it is throttled, find out who else asks for the events of this account and region. If it is neither, select fewer services (`select`), or make a trail.',
      when='What happened ' + config.laggingSeconds / 60 + ' minutes ago has not been asked for, or not been shipped, for 10 minutes.',
      query=log('event=~"gate_closed|window_retried|sink_down"'),
      lasts='10m',
      why='Of several agents that poll one region, the one that has come farthest counts: the others may wait for its checkpoint file.',
    ),
    alert.new(
      'TrailAgentEventHistoryUnshipped',
      'warning',
      q('sum%(region)s(increase(trail_agent_event_history_unshipped_total{%(s)s}[15m])) > 0', { region: a.by(['region']) }),
      'Events of {{ $labels.region }} that were passed over: {{ $value | printf "%.0f" }}',
      what='Events of Event history were passed over',
      means='The sink refuses them for good, or they were tried for half an hour or more in vain, or more happened in one second than may be read at once, or they are older than the 90 days of Event history. No queue keeps them.',
      todo='Each is a log line, with the reason and the command that ships it again. Mend the cause, then run that command: CloudTrail keeps them for 90 days.',
      when='One event, or window of time, passed over within 15 minutes.',
      query=log('event=~"event_unshipped|history_lost"'),
    ),
    alert.new(
      'TrailAgentCheckpointUnwritten',
      'warning',
      q('trail_agent_waiting{%(s)s, fault="checkpoint unwritten"} == 1'),
      '{{ $labels.instance }} cannot write the checkpoint of Event history',
      what='The checkpoint of Event history cannot be written',
      means='The agent goes on, and nothing is lost while it runs. After an end, what is not in the file is shipped again; a first start that is not in it is lost.',
      todo='Make room on the disk, or let the agent write into the folder of event_history.checkpoint_file. It writes the file at the next event.',
      when='The file cannot be written for 15 minutes.',
      query=log('event="checkpoint_unwritten"'),
      lasts='15m',
    ),
  ],

  local doubts = [
    alert.new(
      'TrailAgentLeasesLost',
      'warning',
      q('increase(trail_agent_leases_lost_total{%(s)s}[1h]) > %(most)s', { most: config.lostLeasesPerHour }),
      '{{ $labels.instance }} lost {{ $value | printf "%.0f" }} leases in an hour',
      means='SQS may have given messages to another replica while they were in hand here. Nothing is lost, but events are shipped twice; Loki drops the repeat.',
      todo='If the process stands still at times (too little processor, a suspended machine), correct that; else raise queue.visibility_timeout_seconds. See whether ChangeMessageVisibilityBatch fails in trail_agent_sqs_requests_total.',
      when='More than ' + config.lostLeasesPerHour + ' leases lost in an hour.',
      query=log('event="lease_lost"'),
    ),
    alert.new(
      'TrailAgentLedgerImbalance',
      'warning',
      |||
        (
          min_over_time(trail_agent:events_unaccounted:idle[1h]) > 0
          or
          max_over_time(trail_agent:events_unaccounted:idle[1h]) < 0
        )
        and count_over_time(trail_agent:events_unaccounted:idle[1h]) >= 5
      |||,
      'Events on {{ $labels.instance }} that were read, and nobody knows what became of them: {{ $value }}',
      means='trail_agent_events_read_total and the sum of trail_agent_events_total are not the same, although no message is in hand. The agent has a bug, and may have lost or repeated events.',
      todo='Report it with the metrics and the log. Compare what is in the bucket with what is in the sink, for the time since the difference is there.',
      when='For an hour, at each moment without a message in hand, events read and events with a fate differ.',
      query=log('event=~"worker_failed|retried|dead_lettered"'),
      why='While a message is in hand the two differ, and one scrape may catch them in the middle of a step. So only moments without a message count, and all of an hour must say the same.',
    ),
    alert.new(
      'TrailAgentRecordsTruncated',
      'info',
      q('increase(trail_agent_records_truncated_total{%(s)s}[1d]) > 0'),
      'Records that {{ $labels.instance }} shortened within a day: {{ $value | printf "%.0f" }}',
      means='Parts of large events are not in the sink: trail_agent.truncated in each record lists them. The whole event is in the bucket.',
      todo='If they matter to you, raise limits.record_bytes, and the limit of the sink with it.',
      when='One record shortened within a day.',
      query='{' + config.lokiSelector + '} | trail_agent_truncated!=""',
    ),
    alert.new(
      'TrailAgentLabelOverflow',
      'info',
      q('increase(trail_agent_label_overflow_total{%(s)s}[1d]) > 0'),
      'Events that were counted under a replaced {{ $labels.label }} within a day: {{ $value | printf "%.0f" }}',
      means='There were more values than a label may have, or somebody forged one. The records themselves are complete; the counters say "other" or "Unknown". With space_name, the alert about silent spaces cannot be trusted.',
      todo='Look for the names in the records. If they are genuine, raise limits.event_name_labels; if not, find out who writes them.',
      when='One value of a label replaced within a day.',
      query='sum by (rpc_method, aws_principal_type) (count_over_time({' + config.lokiSelector + '}[1d]))',
    ),
  ],

  prometheusAlerts+:: {
    groups+: if !std.member(config.packs, 'agent') then [] else [
      { name: 'trail-agent', rules: up + flow + deadLetters + history + doubts },
    ],
  },
}
