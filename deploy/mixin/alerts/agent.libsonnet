// About the agent itself. docs/faults.md says what each fault is and what to do.
{
  local selector = $._config.trailAgentSelector,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'trail-agent',
        rules: [
          {
            alert: 'TrailAgentDown',
            expr: 'absent(up{%s} == 1)' % selector,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'No trail-agent runs',
              description: 'Prometheus has reached no replica for 5 minutes. Nothing is lost while the queue keeps its messages, but nobody sees what happens in the space. Look at the pods or the service, and at the last lines of the agent\'s log.',
            },
          },
          {
            alert: 'TrailAgentReplicaDown',
            why:: 'Only for a replica that Prometheus still finds: a pod that no node takes is none of its targets.',
            expr: 'up{%s} == 0' % selector,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: '{{ $labels.instance }} has not answered for 10 minutes',
              description: 'Prometheus cannot reach this replica. The others take its messages, but they may be slower, and the next fault finds one less. Look at the pod or the service, and at the last lines of its log.',
            },
          },
          {
            alert: 'TrailAgentNotReady',
            expr: 'trail_agent_ready{%s} == 0' % selector,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: '{{ $labels.instance }} has not been ready for 10 minutes',
              description: 'The queue does not answer, a bucket cannot be read, the sink does not accept, or the agent stops. /readyz and the agent\'s log say which. The messages stay in the queue.',
            },
          },
          {
            alert: 'TrailAgentSinkDown',
            expr: 'trail_agent_sink_up{%s} == 0' % selector,
            'for': '5m',
            labels: { severity: 'critical' },
            annotations: {
              summary: 'The sink has accepted nothing from {{ $labels.instance }} for 5 minutes',
              description: 'The Collector or Loki is down, refuses, or is not where otlp.endpoint says. The agent waits and keeps its messages. /readyz and the agent\'s log say what the sink answers.',
            },
          },
          {
            alert: 'TrailAgentDeliveryLagging',
            expr: |||
              max(trail_agent_oldest_delivery_age_seconds{%(s)s}) > 1800
              and max(trail_agent_queue_messages{%(s)s, queue="main", state="visible"}) > 0
            ||| % { s: selector },
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'The oldest message in hand is {{ $value | humanizeDuration }} old',
              description: 'Messages wait in the queue and the agent takes them late. If the sink and the buckets answer, run more replicas.',
            },
          },
          {
            alert: 'TrailAgentNoObjects',
            why:: 'A quiet account may write nothing for an hour. Hardly one does for three: the trail also records the calls by which services and agents take on their roles. The 30 minutes are for an agent that has just been installed.',
            expr: 'sum(increase(trail_agent_objects_read_total{%s}[3h])) == 0' % selector,
            'for': '30m',
            labels: { severity: 'warning' },
            annotations: {
              summary: 'No object of the trail has been read for 3 hours',
              description: 'The agent runs and reads nothing. If the sink accepts, the trail may be stopped, the bucket may no longer notify the queue, or the queue\'s policy may refuse. Compare the newest object in the bucket with the status page.',
            },
          },
          {
            alert: 'TrailAgentDeadLetters',
            expr: 'max(trail_agent_queue_messages{%s, queue="dead_letter", state="visible"}) > 0' % selector,
            labels: { severity: 'warning' },
            annotations: {
              summary: '{{ $value }} messages in the dead-letter queue',
              description: 'Their events have not been shipped. trail_agent_dead_letters_total has the reasons; docs/faults.md says what to do about each. SQS deletes them when the retention of the dead-letter queue ends.',
            },
          },
        ],
      },
    ],
  },
}
