// Events are counted once, however a series begins and whatever happens to the process or to Prometheus.
local t = import 'promtool.libsonnet';

local connect = { event_name: 'AcceptConnection', identity_type: 'AssumedRole', outcome: 'success' };
// No page of AWS documents it: its series is not there before the first one.
local admin = { event_name: 'CreateSpaceAdminRoleAssignment', identity_type: 'IdentityCenterUser', outcome: 'success' };
local counted(event) = 'sum(codecatalyst:events:increase15m{event_name="' + event.event_name + '"})';
local events(values, labels=connect, replica='a') = t.series('codecatalyst_events_total', values, labels, replica);
local failedSignIn(name, identity, values, source) = t.series(
  'cloudtrail_events_total',
  values,
  { event_source: source, event_name: name, identity_type: identity, outcome: 'failure' },
);
local up(values, replica='a') = t.series('up', values, replica=replica);
// When the process started, in seconds: the tests begin at 0, and it is older.
local started(values, replica='a') = t.series('process_start_time_seconds', values, replica=replica);
local old(replica='a') = [up('1x124', replica), started('-7200x124', replica)];

[
  t.test(
    'the first event of a series that stands at 0 from the start',
    old() + [events('0x24 1x104')],
    [t.is('20m', counted(connect), 0), t.is('25m', counted(connect), 1), t.is('35m', counted(connect), 1), t.is('45m', counted(connect), 0)],
  ),
  t.test(
    'the first event of a series that is born with it',
    old() + [events('_x25 1x104', admin)],
    [t.is('20m', counted(admin), null), t.is('25m', counted(admin), 1), t.is('35m', counted(admin), 1), t.is('45m', counted(admin), 0)],
  ),
  t.test(
    'a series that is born, and grows',
    old() + [events('_x25 1x4 3x104', admin)],
    [t.is('25m', counted(admin), 1), t.is('30m', counted(admin), 3), t.is('50m', counted(admin), 0)],
  ),
  t.test(
    'a new process counted before its first scrape',
    [up('_x25 1x104'), started('_x25 1470x104'), events('_x25 3x104')],
    [t.is('25m', counted(connect), 3), t.is('35m', counted(connect), 3), t.is('45m', counted(connect), 0)],
  ),
  t.test(
    'a process that is restarted, and comes to the same number',
    [up('1x124'), started('-7200x24 1470x104'), events('5x24 5x104')],
    [t.is('20m', counted(connect), 0), t.is('25m', counted(connect), 5), t.is('35m', counted(connect), 5), t.is('45m', counted(connect), 0)],
  ),
  t.test(
    'a process that is restarted: what the one before it counted is not forgotten',
    [up('1x124'), started('-7200x24 1470x104'), events('0x19 2x4 1x104')],
    [t.is('20m', counted(connect), 2), t.is('30m', counted(connect), 3), t.is('45m', counted(connect), 0)],
  ),
  t.test(
    'Prometheus begins to scrape an agent that has run for long: what it counted before is history',
    [up('_x25 1x104'), started('_x25 -7200x104'), events('_x25 7x104')],
    [t.is(time, 'sum(codecatalyst:events:increase15m) or vector(0)', 0) for time in ['25m', '30m', '40m', '45m', '60m']],
  ),
  t.test(
    'Prometheus is away for an hour: what was counted meanwhile is not cried out afterwards',
    [up('1x24 _x60 1x104'), started('-7200x24 _x60 -7200x104'), events('3x24 _x60 7x104'), events('_x85 4x104', admin)],
    [t.is(time, 'sum(codecatalyst:events:increase15m) or vector(0)', 0) for time in ['85m', '90m', '95m', '100m', '105m']],
  ),
  t.test(
    'Prometheus is away for five minutes: what was counted meanwhile is seen',
    [up('1x24 _x5 1x104'), started('-7200x24 _x5 -7200x104'), events('3x24 _x5 4x104')],
    [t.is('30m', counted(connect), 1)],
  ),
  t.test(
    'two replicas count one and two',
    old() + old('b') + [events('0x24 1x104'), events('0x24 2x104', replica='b')],
    [t.is('30m', counted(connect), 3)],
  ),
  t.test(
    'a replica that counted is taken away',
    [up('1x29 stale'), started('-7200x29 stale'), events('0x24 1x9 stale')],
    [t.is('30m', counted(connect), 1), t.is('55m', counted(connect), null)],
  ),
  t.test(
    'what is counted steadily is counted as it is',
    old() + [events('0+2x124')],
    [t.is('40m', counted(connect), 30)],
  ),
  t.test(
    'events of other services are counted in the same way',
    old() + [t.series('cloudtrail_events_total', '_x25 1x104', connect { event_source: 'sso.amazonaws.com' })],
    [t.is('25m', 'sum(cloudtrail:events:increase15m{event_source="sso.amazonaws.com"})', 1)],
  ),
  t.test(
    'what bursts are measured by',
    old() + [
      events('0x24 4x104', { event_name: 'GetSpace', identity_type: 'IdentityCenterUser', outcome: 'failure' }),
      events('0x24 3x104', { event_name: 'CreateDevEnvironment', identity_type: 'IdentityCenterUser', outcome: 'success' }),
      events('0x24 2x104', { event_name: 'StartDevEnvironment', identity_type: 'IdentityCenterUser', outcome: 'success' }),
      events('0x24 9x104', { event_name: 'StartDevEnvironment', identity_type: 'IdentityCenterUser', outcome: 'failure' }),
      events('_x25 4x104', { event_name: 'DeleteProject', identity_type: 'IdentityCenterUser', outcome: 'success' }),
      events('_x25 2x104', { event_name: 'DeleteConnection', identity_type: 'AssumedRole', outcome: 'success' }),
      events('_x25 1x104', { event_name: 'DeleteProject', identity_type: 'IdentityCenterUser', outcome: 'failure' }),
      failedSignIn('ConsoleLogin', 'IAMUser', '0x24 5x104', 'signin.amazonaws.com'),
      failedSignIn('Federate', 'Unknown', '0x24 2x104', 'sso.amazonaws.com'),
    ],
    [
      t.is('30m', 'codecatalyst:failures:increase15m', 14),
      t.is('30m', 'codecatalyst:dev_environments:increase15m', 5),
      t.is('30m', 'codecatalyst:deletions:increase15m', 6),
      t.is('30m', 'codecatalyst:clone_urls:increase15m', 0),
      t.is('30m', 'cloudtrail:signin_failures:increase15m', 7),
    ],
  ),
  t.test(
    'addresses of repositories, by two people, and one who may not',
    old() + [
      events('_x25 4x104', { event_name: 'GetSourceRepositoryCloneUrls', identity_type: 'IdentityCenterUser', outcome: 'success' }),
      events('_x25 3x104', { event_name: 'GetSourceRepositoryCloneUrls', identity_type: 'AssumedRole', outcome: 'success' }),
      events('_x25 9x104', { event_name: 'GetSourceRepositoryCloneUrls', identity_type: 'IAMUser', outcome: 'failure' }),
    ],
    [t.is('30m', 'codecatalyst:clone_urls:increase15m', 7)],
  ),
]
