// What takes days. The tests begin on Thursday, 1 January 1970, at midnight UTC: hour 24 is Friday, 48 Saturday, 72 Sunday,
// 96 Monday, 120 Tuesday. There is a sample every four hours. What does not touch each other shares a timeline: each one
// costs promtool a second.
local t = import 'promtool.libsonnet';

local hour = 3600;
// From the sample number `begin` on, this is known: the last event of a space was at the hour `at`.
local last(space, at, begin=0, replica='a') =
  t.series(
    'codecatalyst_space_last_event_timestamp_seconds',
    (if begin == 0 then '' else '_x%d ' % begin) + '%dx60' % (at * hour),
    { space_name: space },
    replica,
  );
local silent = 'CodeCatalystSilent';
local spaces(names) = [{ space_name: name } for name in names];
local firing(names='.*') = 'count(ALERTS{alertname="%s", alertstate="firing", space_name=~"%s"})' % [silent, names];

local spacesFallSilent = {
  series: [
    t.series('trail_agent_ready', '1x60'),
    t.series('trail_agent_ready', '0x60', replica='b'),
    last('thursday', 10),
    last('friday', 40, begin=10),
    last('saturday', 58, begin=15),
    last('sunday', 74, begin=19),
    last('monday', 100, begin=25),
    // Seen by two replicas: the later one counts.
    last('both', 30, begin=8),
    last('both', 40, begin=10, replica='b'),
    // The replica that knew of it is gone since Friday.
    t.series('codecatalyst_space_last_event_timestamp_seconds', '%dx7 stale' % (10 * hour), { space_name: 'forgotten' }),
    // spaces.retired names it.
    last('retired', 10),
    t.series('codecatalyst_space_retired', '1x60', { space_name: 'retired' }, 'b'),
    // It was deleted; the process that knows of it is gone since.
    last('deleted', 10),
    t.series('codecatalyst_space_retired', '_x3 1x3 stale', { space_name: 'deleted' }),
    // It was retired in the beginning, and is used again: a week later it is like the others.
    t.series('codecatalyst_space_retired', '1x1 stale', { space_name: 'again' }),
    last('again', 180, begin=45),
    // It goes on.
    t.series('codecatalyst_space_last_event_timestamp_seconds', '0+14400x60', { space_name: 'busy' }),
  ],
  checks: [
    t.silent('36h', silent),
    t.fires('40h', silent, spaces(['forgotten', 'thursday']), '1d 6h 0m 0s'),
    // Over the weekend, nothing comes and nothing goes.
    t.fires('60h', silent, spaces(['forgotten', 'thursday']), '2d 2h 0m 0s'),
    t.fires('112h', silent, spaces(['forgotten', 'thursday']), '4d 6h 0m 0s'),
    // Friday 16:00 is due on Monday 16:00.
    t.is('112h', firing(), 2),
    t.is('120h', firing('friday|both'), 2),
    t.is('120h', firing(), 4),
    // What was on Saturday or Sunday is due when Monday is over.
    t.is('128h', firing('saturday|sunday'), 2),
    t.is('128h', firing(), 6),
    t.is('132h', firing('monday'), 1),
    // A week later nobody waits for the first ones any more.
    t.is('200h', firing('thursday|forgotten'), 2),
    t.is('204h', firing('thursday|forgotten'), null),
    t.is('204h', firing('retired|deleted|busy|again'), null),
    t.is('212h', firing('again'), 1),
  ],
};

local allBursts = [
  'CodeCatalystAccessDeniedSpike',
  'CodeCatalystCloneUrlBurst',
  'CodeCatalystDevEnvironmentBurst',
  'IdentitySignInFailureBurst',
];
// What is usual, a burst on the first day, and one on the sixth, when a mean of a day is known and one of a week is not. Then
// what is too little; then what is enough.
local bursts(floor) = '2x4 90 2x23 90 2x8 %d %d' % [floor - 1, floor + 1];
local burstsAreMeasured = {
  series: [
    // Two days ago many were usual, too.
    t.recorded('codecatalyst:failures:increase15m', '1x4 90 1x18 40x8 1x5 9 11'),
    t.recorded('cloudtrail:signin_failures:increase15m', bursts(20)),
    t.recorded('codecatalyst:dev_environments:increase15m', bursts(20)),
    t.recorded('codecatalyst:clone_urls:increase15m', bursts(30)),
  ],
  checks: [
    t.silent('20h', allBursts),
    t.fires('120h', 'IdentitySignInFailureBurst', value='90'),
    t.silent('120h', ['CodeCatalystCloneUrlBurst', 'CodeCatalystDevEnvironmentBurst']),
    t.silent('160h', allBursts),
    t.fires('164h', 'CodeCatalystAccessDeniedSpike', value='11'),
    t.fires('164h', 'IdentitySignInFailureBurst', value='21'),
    t.fires('164h', 'CodeCatalystDevEnvironmentBurst', value='21'),
    t.fires('164h', 'CodeCatalystCloneUrlBurst', value='31'),
  ],
};

local manyAreUsual = {
  series: [
    t.recorded('codecatalyst:failures:increase15m', '20x39 59'),
    t.recorded('codecatalyst:dev_environments:increase15m', '20x39 59'),
    t.recorded('codecatalyst:clone_urls:increase15m', '20x39 59'),
    t.recorded('cloudtrail:signin_failures:increase15m', '20x39 59'),
  ],
  checks: [t.silent('160h', allBursts)],
};

local theAgentCatchesUp = {
  series: [
    t.recorded('codecatalyst:failures:increase15m', '1x14 90x2'),
    t.recorded('trail_agent:deliveries:increase15m', '4x14 4 4x3', { le: '+Inf' }),
    t.recorded('trail_agent:deliveries:increase15m', '4x14 1 2x3', { le: '900.0' }),
  ],
  checks: [t.silent('60h', 'CodeCatalystAccessDeniedSpike'), t.fires('64h', 'CodeCatalystAccessDeniedSpike', value='90')],
};

local whatIsForADigestStaysForADay = {
  local rejected = { event_name: 'RejectConnection', identity_type: 'AssumedRole', outcome: 'success' },
  series: [t.recorded('codecatalyst:events:increase15m', '0x4 1 0x20', rejected)],
  checks: [
    t.silent('16h', 'CodeCatalystConnectionRejected'),
    t.fires('40h', 'CodeCatalystConnectionRejected', [rejected]),
    t.silent('48h', 'CodeCatalystConnectionRejected'),
  ],
};

local dead = { queue: 'dead_letter', state: 'visible' };

local deadLettersAreForgotten = {
  series: [
    t.series('trail_agent_queue_messages', '0x1 1x20 0 1x34', dead),
    // Somebody looks at them.
    t.series('trail_agent_queue_messages', '0x22 1 0x34', dead { state: 'in_flight' }),
  ],
  checks: [t.silent('168h', 'TrailAgentDeadLettersOld'), t.fires('180h', 'TrailAgentDeadLettersOld', value='1')],
};

// Of a queue that keeps them for so many days: silent at first, then not.
local deadLettersOf(days, silentAt, firesAt) = t.test(
  'dead letters in a queue that keeps them for ' + days + ' days',
  [
    t.series('trail_agent_queue_messages', '0x1 1x60', dead),
    t.series('trail_agent_queue_retention_seconds', '%dx60' % (days * 86400), { queue: 'dead_letter' }),
    t.series('trail_agent_queue_retention_seconds', '86400x60', { queue: 'main' }),
  ],
  [t.silent(silentAt, 'TrailAgentDeadLettersOld'), t.fires(firesAt, 'TrailAgentDeadLettersOld', value='1')],
  interval='4h',
);

local deadLettersAreSentBack = {
  series: [t.series('trail_agent_queue_messages', '1x30 0 1x20', dead)],
  checks: [t.silent(time, 'TrailAgentDeadLettersOld') for time in ['72h', '120h', '180h']],
};

local theAgentIsSilent = {
  series: [
    t.series('trail_agent_ready', '0x12 1x20'),
    t.series('trail_agent_oldest_delivery_age_seconds', '0x12 2000x5 1000x10'),
    last('thursday', 10),
  ],
  checks: [t.silent('48h', silent), t.silent('72h', silent), t.fires('80h', silent, spaces(['thursday']), '2d 22h 0m 0s')],
};

local anotherAccount = {
  series: [
    t.series('up', '1x40'),
    t.series('codecatalyst_events_total', '0x40', { event_name: 'GetSpace', identity_type: 'Root', outcome: 'success' }),
    t.series('trail_agent_objects_read_total', '0+1x40'),
    t.series('trail_agent_events_total', '0+1x1 2x40', { fate: 'exported' }),
    t.series('trail_agent_events_total', '0+9x40', { fate: 'skipped' }),
    t.series('codecatalyst_space_retired', '1x40', { space_name: 'old' }),
  ],
  checks: [
    // Over a weekend that is usual.
    t.silent('76h', 'TrailAgentNothingToShip'),
    t.silent('96h', 'TrailAgentNothingToShip'),
    t.fires('108h', 'TrailAgentNothingToShip'),
    t.fires('150h', 'TrailAgentNothingToShip'),
  ],
};

// It is installed on the third day; another one never ships CodeCatalyst's events.
local installedLater(codecatalyst) = [
  t.series('up', '_x18 1x40'),
  t.series('trail_agent_objects_read_total', '_x18 0+1x40'),
  t.series('trail_agent_events_total', '_x18 0x40', { fate: 'exported' }),
] + if codecatalyst then [
  t.series('codecatalyst_events_total', '_x18 0x40', { event_name: 'GetSpace', identity_type: 'Root', outcome: 'success' }),
] else [];

[
  t.together('spaces fall silent at any time of the week; bursts, once it is known what is usual; dead letters are forgotten', '4h', [
    spacesFallSilent,
    burstsAreMeasured,
    deadLettersAreForgotten,
  ]),
  t.together('the agent catches up; what is for a digest stays for a day', '4h', [theAgentCatchesUp, whatIsForADigestStaysForADay]),
  t.together('many are usual; dead letters are sent back each week', '4h', [manyAreUsual, deadLettersAreSentBack]),
  t.together('the agent is silent, and not the space; the trail is that of another account', '4h', [
    theAgentIsSilent,
    anotherAccount,
  ]),
  deadLettersOf(14, '168h', '180h'),
  deadLettersOf(13, '96h', '108h'),
  deadLettersOf(8, '96h', '108h'),
  deadLettersOf(7, '48h', '60h'),
  deadLettersOf(4, '48h', '60h'),
  deadLettersOf(3, '8h', '24h'),
  t.test(
    'it is installed on the third day, and nothing is for it',
    installedLater(true),
    [t.silent('164h', 'TrailAgentNothingToShip'), t.fires('176h', 'TrailAgentNothingToShip')],
    interval='4h',
  ),
  t.test(
    'the same without the profile codecatalyst',
    installedLater(false),
    [t.silent(time, 'TrailAgentNothingToShip') for time in ['176h', '220h']],
    interval='4h',
  ),
  t.test(
    'it has just been installed, and nothing comes',
    [
      t.series('up', '_x72 1x150'),
      t.series('trail_agent_objects_read_total', '_x72 0x150'),
      t.series('trail_agent_last_receive_timestamp_seconds', '_x72 1x150'),
    ],
    [t.silent('12h', 'TrailAgentNoObjects'), t.fires('16h', 'TrailAgentNoObjects')],
    interval='5m',
  ),
  t.test(
    'two replicas read, and then the trail breaks',
    [
      t.series('up', '1x102'),
      t.series('trail_agent_objects_read_total', '0+1x12 12x90'),
      t.series('trail_agent_objects_read_total', '0x100', replica='b'),
      t.series('trail_agent_last_receive_timestamp_seconds', '1x102'),
    ],
    [t.silent('4h', 'TrailAgentNoObjects'), t.fires('8h', 'TrailAgentNoObjects')],
    interval='5m',
  ),
  t.test(
    'a quiet account, with one object in two hours and a half',
    [
      t.series('up', '1x150'),
      t.series('trail_agent_objects_read_total', '0x29 1x29 2x29 3x29 4x29'),
      t.series('trail_agent_last_receive_timestamp_seconds', '1x150'),
    ],
    [t.silent(time, 'TrailAgentNoObjects') for time in ['4h', '8h', '12h']],
    interval='5m',
  ),
  t.test(
    'it has no queue, and reads Event history alone',
    [
      t.series('up', '1x150'),
      t.series('trail_agent_objects_read_total', '0x150'),
      t.series('trail_agent_last_receive_timestamp_seconds', '0x150'),
    ],
    [t.silent(time, 'TrailAgentNoObjects') for time in ['4h', '8h', '12h']],
    interval='5m',
  ),
  t.test(
    'the bucket announces all that is put into it, for two hours',
    [
      t.series('trail_agent_notifications_ignored_total', '0+10x24 240x200', { reason: 'other_key' }),
      t.series('trail_agent_objects_read_total', '0+1x200'),
    ],
    [t.fires('4h', 'TrailAgentUnexpectedNotifications', value='240'), t.silent('12h', 'TrailAgentUnexpectedNotifications')],
    interval='5m',
  ),
]
