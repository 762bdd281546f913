// The packs of alerts about events: which counter, which streams, and what to show of a record.
function(config) {
  local others = {
    counted: 'cloudtrail:events:increase15m',
    story: 'aws_cloudtrail',
    dashboard: 'trail-agent-audit',
  },
  local sources(services) = [service + '.amazonaws.com' for service in services],

  codecatalyst: {
    prefix: 'CodeCatalyst',
    group: 'codecatalyst-audit',
    counted: 'codecatalyst:events:increase15m',
    story: 'aws_codecatalyst',
    streams: config.lokiSelector,
    where: ['aws_codecatalyst_space_name', 'aws_codecatalyst_project_name'],
    dashboard: 'trail-agent-audit',
  },
  exit: self.codecatalyst { group: 'codecatalyst-exit', dashboard: 'trail-agent-leaving' },
  codeconnections: others {
    prefix: 'CodeConnections',
    group: 'codeconnections-audit',
    sources: sources(['codeconnections', 'codestar-connections']),
    streams: config.lokiSelectors.codeconnections,
    where: ['aws_codeconnections_provider', 'aws_codeconnections_repository_full_name', 'aws_codeconnections_connection_arn'],
  },
  identity: others {
    prefix: 'Identity',
    group: 'identity-audit',
    sources: sources(['sso', 'sso-directory', 'identitystore', 'sso-oauth', 'signin']),
    streams: config.lokiSelectors.identity,
    where: ['aws_identity_permission_set_arn', 'aws_identity_group_id', 'aws_identity_target_user_id', 'aws_identity_application_arn'],
  },
  pipeline: others {
    prefix: 'Pipeline',
    group: 'pipeline-audit',
    sources: sources(['codebuild', 'codepipeline', 'codedeploy', 'codeartifact']),
    streams: config.lokiSelectors.pipeline,
    where: ['aws_pipeline_project', 'aws_pipeline_name', 'aws_pipeline_repository'],
  },
  trail_guard: others {
    prefix: 'TrailGuard',
    group: 'trail-guard-audit',
    sources: sources(['cloudtrail', 's3', 'sqs', 'kms']),
    streams: config.lokiSelectors.trail_guard,
    where: ['aws_trail_guard_target'],
  },
}
