// What the dashboards know of each profile: its streams in Loki, its words, and the events that change who may act or
// who pays. Tests hold the lists against the agent's own.
local own(service, source, filter, subjects, critical) = {
  service: service,
  source: source,
  filter: filter,
  subjects: subjects,
  critical: critical,
};

{
  codecatalyst:: {
    critical: [
      'AcceptConnection',
      'AssociateIamRoleToConnection',
      'AssociateIdentityCenterApplicationToSpace',
      'AssociateIdentityToIdentityCenterApplication',
      'BatchAssociateIdentitiesToIdentityCenterApplication',
      'BatchDisassociateIdentitiesFromIdentityCenterApplication',
      'CreateIdentityCenterApplication',
      'CreateSpaceAdminRoleAssignment',
      'DeleteConnection',
      'DeleteIdentityCenterApplication',
      'DisassociateIamRoleFromConnection',
      'DisassociateIdentityCenterApplicationFromSpace',
      'DisassociateIdentityFromIdentityCenterApplication',
      'PutBillingAuthorization',
      'RejectConnection',
      'UpdateIdentityCenterApplication',
    ],
  },

  // All other services. `subjects` are the columns of a table, the most telling first.
  codeconnections:: own(
    'aws-(codeconnections|codestar-connections)',
    '(codeconnections|codestar-connections)[.]amazonaws[.]com',
    '',
    [
      ['aws_codeconnections_provider', 'Provider'],
      ['aws_codeconnections_repository_full_name', 'Repository'],
      ['aws_codeconnections_connection_arn', 'Connection'],
    ],
    [
      'CreateConnection',
      'CreateHost',
      'CreateRepositoryLink',
      'DeleteConnection',
      'DeleteHost',
      'RegisterAppCode',
      'UpdateConnectionInstallation',
      'UpdateHost',
    ],
  ),

  identity:: own(
    'aws-(identitystore|signin|sso|sso-directory|sso-oauth)',
    '(identitystore|signin|sso|sso-directory|sso-oauth)[.]amazonaws[.]com',
    '',
    [
      ['aws_identity_permission_set_arn', 'Permission set'],
      ['aws_identity_group_id', 'Group'],
      ['aws_identity_target_user_id', 'User'],
    ],
    // So many calls change permissions, groups and users that their first words tell them.
    [
      '(Add|Attach|Delete|Detach|Disable|Enable|Provision|Put|Remove|Update).+',
      'Create(Account|Application|Bearer|External|Group|Instance|Permission|Trusted|User).*',
    ],
  ),

  pipeline:: own(
    'aws-(codeartifact|codebuild|codedeploy|codepipeline)',
    '(codeartifact|codebuild|codedeploy|codepipeline)[.]amazonaws[.]com',
    '',
    [
      ['aws_pipeline_project', 'Project'],
      ['aws_pipeline_name', 'Pipeline'],
      ['aws_pipeline_repository', 'Repository'],
      ['aws_pipeline_execution_id', 'Execution'],
    ],
    [
      'AssociateExternalConnection',
      'CreateDeploymentGroup',
      'CreatePipeline',
      'CreateProject',
      'DeleteDomainPermissionsPolicy',
      'DeleteRepositoryPermissionsPolicy',
      'DeleteResourcePolicy',
      'ImportSourceCredentials',
      'OverrideStageCondition',
      'PutApprovalResult',
      'PutDomainPermissionsPolicy',
      'PutRepositoryPermissionsPolicy',
      'PutResourcePolicy',
      'UpdateDeploymentGroup',
      'UpdatePipeline',
      'UpdateProject',
      'UpdateProjectVisibility',
    ],
  ),

  trail_guard:: own(
    'aws-(cloudtrail|kms|s3|sqs)',
    '(cloudtrail|kms|s3|sqs)[.]amazonaws[.]com',
    // Only these calls are about the trail; select.event_sources may ship others of the same services.
    'aws_trail_guard_target != ""',
    [
      ['aws_trail_guard_target', 'Trail, bucket, queue or key'],
    ],
    ['.+'],
  ),
}
