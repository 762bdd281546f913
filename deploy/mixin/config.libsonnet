// What an installation may want to have otherwise. README.md says how to override it.
{
  _config+:: {
    // Which series are the agent's: label matchers, without braces.
    trailAgentSelector: 'job="trail-agent"',

    // Labels that tell apart installations which share a Prometheus, such as ['cluster', 'namespace']. All replicas on one
    // queue must have the same values of them.
    groupLabels: [],

    // Where this project's docs/ can be read, with a slash at the end, such as 'https://git.example.com/trail-agent/'.
    // Empty: each runbook_url is a path in the repository.
    docsURL: '',

    // Where Grafana has the dashboards, such as 'https://grafana.example.com'. Empty: the alerts have no dashboard_url.
    grafanaURL: '',

    // Which groups of alerts there are. A pack stays silent where the profile of its name is not selected.
    packs: ['agent', 'codecatalyst', 'exit', 'codeconnections', 'identity', 'pipeline', 'trail_guard'],

    // Which streams of Loki hold CodeCatalyst's records, those of the other profiles, and the agent's own log: label
    // matchers, without braces. See the settings resource and service_names.
    lokiSelector: 'service_name="aws-codecatalyst"',
    lokiSelectors: {
      codeconnections: 'service_name=~"aws-(codeconnections|codestar-connections)"',
      identity: 'service_name=~"aws-(sso|sso-directory|identitystore|sso-oauth|signin)"',
      pipeline: 'service_name=~"aws-(codebuild|codepipeline|codedeploy|codeartifact)"',
      trail_guard: 'service_name=~"aws-(cloudtrail|s3|sqs|kms)"',
    },
    agentLogSelector: 'service_name="trail-agent"',

    // How far back Loki's rules look, by the time of the event. CloudTrail takes some five to fifteen minutes; what comes
    // later than this is not seen by them, but by the counters.
    lokiRange: '1h',

    // Tags of every dashboard.
    dashboardTags: ['trail-agent'],

    // A space counts as silent after this many days without an event, weekends not counted. Of the weekend, 0 is Sunday
    // and 6 is Saturday, in UTC; [] counts every day.
    silentDays: 1,
    weekend: [6, 0],
    // How long after its last event a space is told of; then nobody waits for it any more.
    silentWindowDays: 8,

    // A burst is more than this in 15 minutes, and more than three times the mean. It is none while the agent catches up,
    // that is, while more than catchUpShare of its messages are older than catchUpSeconds when they are delivered: then hours
    // of events arrive within minutes. catchUpSeconds must be a bucket of trail_agent_delivery_age_seconds: 300, 900, 1800, 3600.
    catchUpSeconds: 900,
    catchUpShare: 0.5,
    failureBurst: 10,
    devEnvironmentBurst: 20,
    cloneUrlBurst: 30,
    signInFailureBurst: 20,
    // More deletions than this in 15 minutes are a burst, whatever the mean.
    deletionBurst: 5,

    // Messages older than this are late.
    laggingSeconds: 1800,
    // A trail that writes nothing for so long is unusual: it also records the calls by which services and agents take on
    // their roles.
    noObjectsWindow: '3h',
    // After how long dead letters are critical, by the retention of their queue: half of the shortest one of each kind. The
    // last is for a retention of 14 days, the longest that SQS has, and for one that is not known.
    oldDeadLetters: [
      { after: '12h', shorterThanDays: 4 },
      { after: '2d', shorterThanDays: 8 },
      { after: '4d', shorterThanDays: 14 },
      { after: '1w', shorterThanDays: null },
    ],
    // One request to the sink in ten takes longer than this. otlp.timeout_seconds is 10.
    slowSinkSeconds: 5,
    // More starts of one process than this in an hour are a loop.
    restartsPerHour: 3,
    // More lost leases than this in an hour are no accident.
    lostLeasesPerHour: 3,
  },
}
