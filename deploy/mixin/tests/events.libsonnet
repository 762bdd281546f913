// Which alert an event makes, and that it makes no other. The names are written down a second time here: a wrong name in the
// alerts does not pass.
local t = import 'promtool.libsonnet';

local well = [
  t.series('up', '1x204'),
  t.series('process_start_time_seconds', '-7200x204'),
  t.series('trail_agent_ready', '1x204'),
  t.series('trail_agent_sink_up', '1x204'),
];

// An alert, the event that makes it, who causes it, and its event source, if it is not CodeCatalyst's.
local told = [
  ['CodeCatalystBillingAuthorizationChanged', 'PutBillingAuthorization', 'AssumedRole'],
  ['CodeCatalystConnectionAccepted', 'AcceptConnection', 'IAMUser'],
  ['CodeCatalystConnectionDeleted', 'DeleteConnection', 'AssumedRole'],
  ['CodeCatalystConnectionRejected', 'RejectConnection', 'AssumedRole'],
  ['CodeCatalystIamRoleAssociated', 'AssociateIamRoleToConnection', 'FederatedUser'],
  ['CodeCatalystIamRoleDisassociated', 'DisassociateIamRoleFromConnection', 'AssumedRole'],
  ['CodeCatalystSpaceAdminAssigned', 'CreateSpaceAdminRoleAssignment', 'AssumedRole'],
  ['CodeCatalystIdentityCenterApplicationChanged', 'CreateIdentityCenterApplication', 'AssumedRole'],
  ['CodeCatalystIdentityCenterApplicationChanged', 'BatchAssociateIdentitiesToIdentityCenterApplication', 'AssumedRole'],
  ['CodeCatalystRootUsed', 'ListConnections', 'Root'],
  ['CodeCatalystUnknownEvent', 'other', 'IdentityCenterUser'],
  ['CodeCatalystUnknownEvent', 'MigrateSpace', 'IdentityCenterUser'],
  ['CodeCatalystSpaceDeleted', 'DeleteSpace', 'IdentityCenterUser'],
  ['CodeCatalystProjectDeleted', 'DeleteProject', 'IdentityCenterUser'],
  ['CodeCatalystSourceRepositoryDeleted', 'DeleteSourceRepository', 'IdentityCenterUser'],
  ['CodeCatalystAccessTokenCreated', 'CreateAccessToken', 'IdentityCenterUser'],
  ['CodeConnectionsConnectionCreated', 'CreateConnection', 'AssumedRole', 'codeconnections'],
  ['CodeConnectionsConnectionCreated', 'UpdateConnectionInstallation', 'AssumedRole', 'codestar-connections'],
  ['CodeConnectionsConnectionDeleted', 'DeleteConnection', 'AssumedRole', 'codestar-connections'],
  ['CodeConnectionsHostChanged', 'UpdateHost', 'AssumedRole', 'codeconnections'],
  ['CodeConnectionsRepositoryLinked', 'CreateRepositoryLink', 'AssumedRole', 'codeconnections'],
  ['IdentityRootSignedIn', 'ConsoleLogin', 'Root', 'signin'],
  ['IdentityProviderChanged', 'EnableExternalIdPConfigurationForDirectory', 'AssumedRole', 'sso-directory'],
  ['IdentityProviderChanged', 'CreateTrustedTokenIssuer', 'AssumedRole', 'sso'],
  ['IdentityInstanceChanged', 'DeleteInstance', 'AssumedRole', 'sso'],
  ['IdentityMfaSettingsChanged', 'UpdateMfaDeviceManagementForDirectory', 'AssumedRole', 'sso-directory'],
  ['IdentityCredentialsChanged', 'UpdatePassword', 'AssumedRole', 'sso-directory'],
  ['IdentityPermissionSetChanged', 'PutInlinePolicyToPermissionSet', 'AssumedRole', 'sso'],
  ['IdentityApplicationChanged', 'PutApplicationGrant', 'AssumedRole', 'sso'],
  ['IdentityAssignmentChanged', 'CreateAccountAssignment', 'AssumedRole', 'sso'],
  ['IdentityDirectoryChanged', 'AddMemberToGroup', 'AssumedRole', 'sso-directory'],
  ['IdentityDirectoryChanged', 'CreateGroupMembership', 'AssumedRole', 'identitystore'],
  ['PipelineProjectVisibilityChanged', 'UpdateProjectVisibility', 'AssumedRole', 'codebuild'],
  ['PipelineRootUsed', 'StartPipelineExecution', 'Root', 'codepipeline'],
  ['PipelineSharingChanged', 'PutDomainPermissionsPolicy', 'AssumedRole', 'codeartifact'],
  ['PipelineSourceCredentialsImported', 'ImportSourceCredentials', 'AssumedRole', 'codebuild'],
  ['PipelineExternalConnectionAdded', 'AssociateExternalConnection', 'AssumedRole', 'codeartifact'],
  ['PipelineConditionOverridden', 'OverrideStageCondition', 'AssumedRole', 'codepipeline'],
  ['PipelineApprovalGiven', 'PutApprovalResult', 'AssumedRole', 'codepipeline'],
  ['PipelineDefinitionChanged', 'UpdateDeploymentGroup', 'AssumedRole', 'codedeploy'],
  ['TrailGuardTrailStopped', 'StopLogging', 'AssumedRole', 'cloudtrail'],
  ['TrailGuardTrailStopped', 'DeleteTrail', 'AssumedRole', 'cloudtrail'],
  ['TrailGuardBucketLost', 'DeleteBucket', 'AssumedRole', 's3'],
  ['TrailGuardBucketLost', 'DeleteBucketPolicy', 'AssumedRole', 's3'],
  ['TrailGuardQueueLost', 'DeleteQueue', 'AssumedRole', 'sqs'],
  ['TrailGuardQueueLost', 'PurgeQueue', 'AssumedRole', 'sqs'],
  ['TrailGuardTrailChanged', 'PutEventSelectors', 'AssumedRole', 'cloudtrail'],
  ['TrailGuardBucketChanged', 'PutBucketNotification', 'AssumedRole', 's3'],
  ['TrailGuardQueueChanged', 'SetQueueAttributes', 'AssumedRole', 'sqs'],
  ['TrailGuardKeyChanged', 'ScheduleKeyDeletion', 'AssumedRole', 'kms'],
];

local labels(row, outcome='success') = {
  event_name: row[1],
  identity_type: row[2],
  outcome: outcome,
  [if std.length(row) > 3 then 'event_source']: row[3] + '.amazonaws.com',
};
local event(row, values, outcome='success') =
  local counter = if std.length(row) > 3 then 'cloudtrail_events_total' else 'codecatalyst_events_total';
  t.series(counter, values, labels(row, outcome));
local codecatalyst(name, values, identity='IdentityCenterUser') = event(['', name, identity], values);
local other(source, name, values, identity='AssumedRole') = event(['', name, identity, source], values);

// So many messages that were not late, and so many in all.
local delivered(inTime, all) = [
  t.series('trail_agent_delivery_age_seconds_bucket', inTime, { le: '900.0' }),
  t.series('trail_agent_delivery_age_seconds_bucket', all, { le: '1800.0' }),
  t.series('trail_agent_delivery_age_seconds_bucket', all, { le: '+Inf' }),
];

local names = std.set([row[0] for row in told]);
local among(name) = [row for row in told if row[0] == name];
local all = { [name]: std.length(among(name)) for name in names };
local info = std.set([
  'CodeCatalystConnectionRejected',
  'CodeCatalystUnknownEvent',
  'CodeCatalystAccessTokenCreated',
  'CodeConnectionsRepositoryLinked',
  'IdentityAssignmentChanged',
  'IdentityDirectoryChanged',
  'PipelineApprovalGiven',
  'PipelineDefinitionChanged',
]);

[
  t.test(
    'the first event of each kind makes its alert and no other; what is for a digest stays for a day',
    well + [event(row, '_x25 1x104') for row in told]
    // Known from the start, and never counted.
    + [event(row[:2] + ['FederatedUser'] + row[3:], '0x124') for row in told if row[2] != 'FederatedUser']
    + [event(['', 'PutBillingAuthorization', 'Root'], '0x124'), other('codebuild', 'StartBuild', '0x124', 'Root')]
    + [event(row, '0x124', 'failure') for row in told],
    [t.only('20m', {})]
    + [t.fires('25m', name, [labels(row) for row in among(name)]) for name in names]
    + [t.only('25m', all), t.only('35m', all)]
    + [t.only('45m', { [name]: all[name] for name in info })],
  ),
  t.test(
    'an alert ends, and comes again with the next event',
    well + [codecatalyst('AcceptConnection', '0x24 1x24 2x59', 'IAMUser')],
    [
      t.fires('25m', 'CodeCatalystConnectionAccepted', [labels(told[1])]),
      t.silent('45m', 'CodeCatalystConnectionAccepted'),
      t.fires('50m', 'CodeCatalystConnectionAccepted', [labels(told[1])]),
      t.silent('70m', 'CodeCatalystConnectionAccepted'),
    ],
  ),
  t.test(
    'what was tried in vain: only that somebody tried to blind the trail, and root, is told',
    well + [event(row, '0x24 1x104', 'failure') for row in told],
    [
      t.only('20m', {}),
      t.only('30m', { TrailGuardAttempted: 10, CodeCatalystRootUsed: 1, CodeCatalystUnknownEvent: 2, PipelineRootUsed: 1 }),
      t.fires('30m', 'TrailGuardAttempted', [labels(row, 'failure') for row in told if std.startsWith(row[0], 'TrailGuard')]),
    ],
  ),
  t.test(
    'daily work makes no alert',
    well + [
      codecatalyst(name, '0+1x100')
      for name in ['CreateProject', 'GetProject', 'StartDevEnvironmentSession', 'DeleteDevEnvironment', 'StartWorkflowRun']
    ] + [
      codecatalyst('GetConnection', '0+1x100', 'AssumedRole'),
      other('codeconnections', 'UseConnection', '0+1x100'),
      other('signin', 'ConsoleLogin', '0+1x100', 'IAMUser'),
      other('sso', 'Federate', '0+1x100', 'Unknown'),
      other('codebuild', 'StartBuild', '0+1x100'),
      other('codeartifact', 'GetAuthorizationToken', '0+1x100'),
      // As select.event_sources ships them: a call of the same name of another service, and one that nobody watches.
      other('glacier', 'DeleteBucketPolicy', '0+1x100'),
      other('s3', 'GetBucketAcl', '0+1x100'),
    ],
    [t.only('20m', {}), t.only('50m', {})],
  ),
  t.test(
    'six deletions within a quarter of an hour, in a space that knows of none',
    well + [codecatalyst('DeleteSourceRepository', '_x25 4x104'), codecatalyst('DeleteProject', '_x25 2x104')],
    [
      t.silent('20m', 'CodeCatalystDeletionBurst'),
      t.fires('25m', 'CodeCatalystDeletionBurst', value='6'),
      t.silent('45m', 'CodeCatalystDeletionBurst'),
    ],
  ),
  t.test(
    'the same, while the agent catches up after an outage, in a process that has just begun',
    [t.series('up', '_x25 1x104'), t.series('process_start_time_seconds', '_x25 1470x104')] + [
      t.series('codecatalyst_events_total', '_x25 6x104', labels(['', 'DeleteProject', 'IdentityCenterUser'])),
    ] + delivered('_x25 1x104', '_x25 9x104'),
    [t.silent('25m', 'CodeCatalystDeletionBurst'), t.silent('35m', 'CodeCatalystDeletionBurst')],
  ),
  t.test(
    'the same, when one message of a few was late, or one of very few',
    well + [codecatalyst('DeleteSourceRepository', '_x25 6x15 12x104')] + delivered('0x24 4x15 4x104', '0x24 6x15 8x104'),
    [t.fires('25m', 'CodeCatalystDeletionBurst', value='6'), t.fires('45m', 'CodeCatalystDeletionBurst', value='6')],
  ),
  t.test(
    'five deletions',
    well + [codecatalyst('DeleteProject', '_x25 5x104')],
    [t.silent('25m', 'CodeCatalystDeletionBurst')],
  ),
  t.test(
    'somebody works in a retired space; in one that is not; and a space is deleted, and retired by that',
    well + [
      t.series('codecatalyst_space_retired', '1x90', { space_name: 'old' }),
      t.series('codecatalyst_space_last_event_timestamp_seconds', '_x63 3720x30', { space_name: 'old' }),
      t.series('codecatalyst_space_last_event_timestamp_seconds', '_x63 3720x30', { space_name: 'new' }, 'b'),
      t.series('codecatalyst_space_retired', '_x25 1x70', { space_name: 'deleted' }),
      t.series('codecatalyst_space_last_event_timestamp_seconds', '_x25 1440x70', { space_name: 'deleted' }),
    ],
    [
      t.silent('25m', 'CodeCatalystRetiredSpaceUsed'),
      t.silent('60m', 'CodeCatalystRetiredSpaceUsed'),
      t.fires('65m', 'CodeCatalystRetiredSpaceUsed', [{ space_name: 'old' }]),
      t.fires('85m', 'CodeCatalystRetiredSpaceUsed', [{ space_name: 'old' }]),
    ],
  ),
]
