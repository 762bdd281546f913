// One pack for each of the other profiles.
local bursts = import 'bursts.libsonnet';
local events = import 'events.libsonnet';
local packs = import 'packs.libsonnet';

{
  local config = $._config,
  local named = packs(config),
  local made = {
    codeconnections: events(config, named.codeconnections { rows: import 'codeconnections.libsonnet' }),
    identity: events(config, named.identity { rows: import 'identity.libsonnet' }),
    pipeline: events(config, named.pipeline { rows: import 'pipeline.libsonnet' }),
    trail_guard: events(config, named.trail_guard { rows: import 'trail_guard.libsonnet' }),
  },
  local byHand = {
    identity: [
      bursts(config).of(
        'IdentitySignInFailureBurst',
        'cloudtrail:signin_failures:increase15m',
        config.signInFailureBurst,
        mean='1d',
        known='1d',
        summary='{{ $value | printf "%.0f" }} sign-ins failed within 15 minutes',
        what='Many sign-ins failed within 15 minutes',
        means='They were more than three times as many as usual. Somebody guesses passwords, or the identity provider has a fault.',
        todo='See whose name is tried and from where. One name from many places, or many names from one place, is an attack; all names from where they always come is a fault.',
        query=made.identity.records({ outcome: 'failure' }),
      ),
    ],
  },
  local chosen = [name for name in ['codeconnections', 'identity', 'pipeline', 'trail_guard'] if std.member(config.packs, name)],

  prometheusAlerts+:: {
    groups+: [
      { name: named[name].group, rules: made[name].prometheus + std.get(byHand, name, []) }
      for name in chosen
    ],
  },
  lokiRules+:: {
    groups+: [{ name: named[name].group, rules: made[name].loki } for name in chosen if made[name].loki != []],
  },
}
