// About the space: who may act in it, who pays for it, and whether it still speaks.
local aggregation = import '../aggregation.libsonnet';
local known = import '../known_events.libsonnet';
local fill = import '../fill.libsonnet';
local alert = import 'alert.libsonnet';
local bursts = import 'bursts.libsonnet';
local events = import 'events.libsonnet';
local packs = import 'packs.libsonnet';

{
  local config = $._config,
  local a = aggregation(config),
  local selector = config.trailAgentSelector,
  local days(number) = (if number == 1 then 'a day' else number + ' days') + (if config.weekend == [] then '' else ', weekends not counted'),

  local made = events(config, packs(config).codecatalyst {
    rows: [
      {
        name: 'BillingAuthorizationChanged',
        events: ['PutBillingAuthorization'],
        severity: 'critical',
        what: 'The billing authorization of a space was changed',
        means: "Somebody allowed or withdrew that this account pays for a CodeCatalyst space. If the billing account changes, the space's events go to the trail of the new account at the end of the month.",
        todo: 'Ask who did it whether it was meant. If the billing account changes, do what deploy/README.md says before the end of the month.',
      },
      {
        name: 'ConnectionAccepted',
        events: ['AcceptConnection'],
        severity: 'critical',
        what: 'An account was connected to a space',
        means: 'From now on, workflows of the space can be given roles in this account.',
        todo: 'Ask who did it whether it was meant. If not, delete the connection, and look at the roles that were associated with it.',
      },
      {
        name: 'ConnectionDeleted',
        events: ['DeleteConnection'],
        severity: 'warning',
        what: 'The connection of an account to a space was deleted',
        means: 'Workflows that deploy into this account fail from now on.',
        todo: 'If nobody meant it, connect the account anew and associate its roles again.',
      },
      {
        name: 'ConnectionRejected',
        events: ['RejectConnection'],
        severity: 'info',
        what: 'A connection to a space was rejected',
        means: 'Somebody asked to connect this account to a space, and somebody said no.',
        todo: 'Find out who asked.',
      },
      {
        name: 'IamRoleAssociated',
        events: ['AssociateIamRoleToConnection'],
        severity: 'critical',
        what: 'A space was given an IAM role',
        means: 'Workflows of the space can do in this account what the role may do.',
        todo: "Look at the role's policies and its trust policy. If it was not meant, disassociate the role.",
      },
      {
        name: 'IamRoleDisassociated',
        events: ['DisassociateIamRoleFromConnection'],
        severity: 'warning',
        what: 'An IAM role was taken from a space',
        means: 'Workflows that use the role fail from now on.',
        todo: 'If nobody meant it, associate the role again.',
      },
      {
        name: 'SpaceAdminAssigned',
        events: ['CreateSpaceAdminRoleAssignment'],
        severity: 'critical',
        what: 'Somebody became administrator of a space',
        means: 'The new administrator may do everything in the space, and may make others administrators.',
        todo: 'Ask who did it whether it was meant. If not, take the role away in the settings of the space, and look at what the new administrator did since.',
      },
      {
        name: 'IdentityCenterApplicationChanged',
        events: [
          'AssociateIdentityCenterApplicationToSpace',
          'AssociateIdentityToIdentityCenterApplication',
          'BatchAssociateIdentitiesToIdentityCenterApplication',
          'BatchDisassociateIdentitiesFromIdentityCenterApplication',
          'CreateIdentityCenterApplication',
          'DeleteIdentityCenterApplication',
          'DisassociateIdentityCenterApplicationFromSpace',
          'DisassociateIdentityFromIdentityCenterApplication',
          'UpdateIdentityCenterApplication',
        ],
        severity: 'warning',
        what: 'The access of people of IAM Identity Center to a space was changed',
        means: 'An application of IAM Identity Center connects a directory of people with a space. It was changed, or people were added or taken away.',
        todo: 'See in the record who was added or removed, and ask who did it whether it was meant.',
      },
      {
        name: 'RootUsed',
        identity: 'Root',
        outcome: '',
        severity: 'critical',
        what: 'The root user of an account acted, or tried to act, on CodeCatalyst',
        means: 'Nobody needs the root user for CodeCatalyst. It may do everything in the account.',
        todo: 'Find out who holds its password and keys. If it was none of them: change the password, delete its access keys, and look at all that it did.',
      },
      {
        name: 'UnknownEvent',
        unlike: known.codecatalyst,
        severity: 'info',
        what: 'An event that this version does not know',
        outcome: '',
        means: 'CodeCatalyst can do something new, or somebody forged a record. It was shipped like every other. Under "other" stand all names beyond limits.event_name_labels.',
        todo: 'Look at the record; look for a newer version of trail-agent.',
      },
    ],
  }),

  local byHand = [
    bursts(config).of(
      'CodeCatalystAccessDeniedSpike',
      'codecatalyst:failures:increase15m',
      config.failureBurst,
      mean='1d',
      known='1d',
      summary='{{ $value | printf "%.0f" }} failed calls within 15 minutes',
      what='Many calls failed within 15 minutes',
      means='They were more than three times as many as usual. Somebody tries what they may not do, or a program has lost a right or asks for something that is gone.',
      todo='See who it is, from where, and which error; then ask them.',
      query=made.records({ outcome: 'failure', shows: ['aws_error_code'] }),
    ),
    bursts(config).of(
      'CodeCatalystDevEnvironmentBurst',
      'codecatalyst:dev_environments:increase15m',
      config.devEnvironmentBurst,
      mean='1w',
      known='6d',
      summary='{{ $value | printf "%.0f" }} dev environments created or started within 15 minutes',
      what='Many dev environments were created or started within 15 minutes',
      means='They were more than three times as many as usual. They cost money, and each has the secrets of its project.',
      todo='See who it is. A workshop or a script is harmless; a person who does not know of it has lost an account.',
      query=made.records({ events: ['CreateDevEnvironment', 'StartDevEnvironment'] }),
    ),
    alert.new(
      'CodeCatalystSilent',
      'warning',
      fill(|||
        time() - codecatalyst:space_last_event_timestamp_seconds:max < %(days)s * 86400
        and %(space)s codecatalyst:space_expected_timestamp_seconds < time()
        unless %(space)s max_over_time(codecatalyst_space_retired{%(s)s}[%(days)sd]) == 1
        and %(all)s max%(by)s(trail_agent_ready{%(s)s}) == 1
        unless %(all)s max%(by)s(trail_agent_oldest_delivery_age_seconds{%(s)s}) > %(late)s
      |||, {
        days: config.silentWindowDays,
        late: config.laggingSeconds,
        space: a.on(['space_name']),
        all: a.on(),
        by: a.by(),
        s: selector,
      }),
      'Space {{ $labels.space_name }} has been silent for {{ $value | humanizeDuration }}',
      means="There was no event in the space for too long, and there were some before. The space's billing account may have changed at the end of the month (its events are then in another account's trail), the trail may have been changed, or nobody works there any more.",
      todo="Choose the last 30 days for the query: it shows the last events of each space. Look at who paid for the space last (CodeCatalystBillingAuthorizationChanged) and at the space's settings for its billing account. If the space is no longer used, add it to spaces.retired.",
      query=made.records({ outcome: '' }),
      when='No event for ' + days(config.silentDays) + ', and one in the ' + config.silentWindowDays + ' days before now, for an hour.',
      lasts='1h',
      why='Not for a space of spaces.retired or a deleted one. Not while no replica is ready, or messages are late: then it is the agent that is silent. The hour is for an agent that was away, to catch up. After ' + config.silentWindowDays + ' days nobody waits for the space any more.',
      dashboard='trail-agent-leaving',
    ),
  ],

  prometheusAlerts+:: {
    groups+: if !std.member(config.packs, 'codecatalyst') then [] else [
      { name: 'codecatalyst-audit', rules: made.prometheus + byHand },
    ],
  },
  lokiRules+:: {
    groups+: if !std.member(config.packs, 'codecatalyst') then [] else [
      { name: 'codecatalyst-audit', rules: made.loki },
    ],
  },
}
