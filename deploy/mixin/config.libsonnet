// What an installation may want to have otherwise. Override it where you import the mixin:
//
//   (import 'trail-agent/mixin.libsonnet') + { _config+:: { trailAgentSelector: 'job="audit/trail-agent"' } }
{
  _config+:: {
    // Which series are the agent's: a label matcher, without braces.
    trailAgentSelector: 'job="trail-agent"',

    // Where this project's docs/ can be read, with a slash at the end, such as 'https://git.example.com/trail-agent/'.
    // Empty: each runbook_url is a path in the repository.
    docsURL: '',

    // Which streams of Loki hold the records of a profile: label matchers, without braces.
    lokiSelector: 'service_name="aws-codecatalyst"',

    // Tags of every dashboard.
    dashboardTags: ['trail-agent'],
  },
}
