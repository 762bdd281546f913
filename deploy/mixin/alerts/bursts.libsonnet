// More than usual. A mean that is not known yet, or known of too short a time, makes no alert: nothing is divided by it.
local aggregation = import '../aggregation.libsonnet';
local fill = import '../fill.libsonnet';
local alert = import 'alert.libsonnet';

function(config) {
  local a = aggregation(config),
  // `counted` has the events of the last 15 minutes. More than `floor` of them are a burst, and, if there is a `mean` (a
  // range), more than three times that. `known` is how long ago something must have been counted already.
  of(name, counted, floor, summary, what, means, todo, query, mean='', known='', severity='warning', dashboard='trail-agent-audit')::
    alert.new(
      name,
      severity,
      fill(
        '%(counted)s > %(floor)s\n'
        + (if mean == '' then '' else |||
             and %(counted)s > 3 * avg_over_time(%(counted)s[%(mean)s] offset 15m)
             and present_over_time(%(counted)s[1d] offset %(known)s)
           |||)
        + |||
          unless %(on)s trail_agent:late_deliveries:ratio15m > %(late)s
        |||,
        {
          counted: counted,
          floor: floor,
          mean: mean,
          known: known,
          on: a.on(),
          late: config.catchUpShare,
        },
      ),
      summary,
      means,
      todo,
      query,
      what=what,
      why=(if mean == '' then ''
           else 'The last 15 minutes are not part of their own mean, and a mean is not believed in before it is known of '
                + (if known == '1d' then 'a whole day. ' else 'six days. '))
          + 'After an outage, hours of events arrive within minutes: that is no burst.',
      when='More than ' + floor + ' in 15 minutes' + (if mean == '' then '' else ', and more than three times their mean of ' + (if mean == '1d' then 'a day' else 'a week')) + ', and the agent is not catching up.',
      dashboard=dashboard,
    ),
}
