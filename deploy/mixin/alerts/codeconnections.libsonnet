// Who linked AWS to GitHub, GitLab or Bitbucket. None is critical: a connection alone gives nobody a right in the account.
[
  {
    name: 'ConnectionCreated',
    events: ['CreateConnection', 'UpdateConnectionInstallation', 'RegisterAppCode'],
    severity: 'warning',
    what: 'The account was linked to a code host',
    means: 'Pipelines can take their source from there, once the handshake is done (UpdateConnectionInstallation): whoever can write to that source decides what is built and deployed.',
    todo: 'Ask who did it whether it was meant, and which organisation of the host it is.',
  },
  {
    name: 'ConnectionDeleted',
    events: ['DeleteConnection'],
    severity: 'warning',
    what: 'The link to a code host was deleted',
    means: 'Pipelines that use it fail from now on.',
    todo: 'If nobody meant it, make a new connection and put its ARN into the pipelines.',
  },
  {
    name: 'HostChanged',
    events: ['CreateHost', 'UpdateHost', 'DeleteHost'],
    severity: 'warning',
    what: 'A code host of your own was added, changed or deleted',
    means: 'The host is where connections to a self-managed GitHub or GitLab lead. Another address means other code.',
    todo: "See the host's address in the record, and ask who did it.",
  },
  {
    name: 'RepositoryLinked',
    events: ['CreateRepositoryLink'],
    severity: 'info',
    what: 'A repository was linked for sync',
    means: 'Templates in that repository can be deployed into this account by themselves (Git sync).',
    todo: 'Check that the repository is yours, and who may write to it.',
  },
]
