// How many events were counted within the last 15 minutes, as exactly as counters can say it.
//
// increase() alone does not see the first sample of a series. A series can be born with a count: only documented pairs of
// event and identity exist at 0. And a process can count before its first scrape. So two things are asked first:
//   1. a process that is younger than 15 minutes counted all that it has within them;
//   2. so did a series that did not exist 15 minutes ago, if its process was scraped then.
// Where that is more than increase() sees, it counts; everywhere else increase() does. A Prometheus that was away counts
// neither 1 nor 2 of an older process: it cannot know when that was counted.
local aggregation = import '../aggregation.libsonnet';
local fill = import '../fill.libsonnet';

function(config) {
  local a = aggregation(config),
  local selector = config.trailAgentSelector,

  increase15m(metric, labels, matchers=[])::
    local counter = metric + '{' + std.join(', ', [selector] + matchers) + '}';
    fill(|||
      sum by (%(labels)s) (
        (
          %(counter)s
          and %(on)s time() - process_start_time_seconds{%(selector)s} < 900
          or
          (%(counter)s unless %(counter)s offset 15m)
          and %(on)s up{%(selector)s} offset 15m == 1
        )
        > (increase(%(counter)s[15m]) or 0 * %(counter)s)
        or
        increase(%(counter)s[15m])
      )
    |||, { labels: std.join(', ', config.groupLabels + labels), counter: counter, selector: selector, on: a.on(['job', 'instance']) }),
}
