// When the next event of a space is due: silentDays after the last one, and the days of the weekend do not count.
//
// Whoever works on weekdays only is silent from Friday to Monday each week. The time that is allowed depends on the weekday
// of the last event, so that the alert does not come and go with the weekend.
local fill = import '../fill.libsonnet';

function(config) {
  local isWeekend(weekday) = std.member(config.weekend, weekday % 7),

  // How many days after `weekday` the last of `left` working days is reached.
  local reach(weekday, left, days=0) =
    if left == 0 then days
    else reach(weekday + 1, if isWeekend(weekday + 1) then left else left - 1, days + 1),

  // On a working day, the same time of a later day; on a weekend, the end of that day.
  local due(weekday) =
    if isWeekend(weekday)
    then { days: reach(weekday, config.silentDays) + 1, fromMidnight: true }
    else { days: reach(weekday, config.silentDays), fromMidnight: false },

  local all = [due(weekday) { weekday: weekday } for weekday in std.range(0, 6)],
  local kinds = std.set([{ days: one.days, fromMidnight: one.fromMidnight } for one in all], function(kind) std.toString(kind)),
  local weekdays(kind) =
    [one.weekday for one in all if one.days == kind.days && one.fromMidnight == kind.fromMidnight],

  assert std.length(std.set(config.weekend)) < 7 : 'weekend: one day of the week must count',
  assert config.silentDays >= 1 : 'silentDays: at least 1',
  assert config.silentWindowDays > std.foldl(std.max, [one.days for one in all], 0) :
         'silentWindowDays: more than silentDays and the weekend in between',

  why: 'When the next event of each space is due: this many days after the last one'
       + (if config.weekend == [] then '.' else '; the days of a weekend do not count (UTC; 0 is Sunday).'),

  local among(last, weekdays) =
    local first = weekdays[0], latest = weekdays[std.length(weekdays) - 1];
    if std.length(weekdays) == 1 then 'day_of_week(' + last + ') == ' + first
    else if weekdays == std.range(first, latest) then 'day_of_week(' + last + ') >= ' + first + ' <= ' + latest
    else '(' + std.join(' or ', [among(last, [weekday]) for weekday in weekdays]) + ')',

  expr(last):: std.join('or\n', [
    fill(
      if kind.fromMidnight then |||
        %(last)s - %(last)s % 86400 + %(days)s * 86400
        and %(among)s
      ||| else |||
        %(last)s + %(days)s * 86400
        and %(among)s
      |||,
      { last: last, days: kind.days, among: among(last, weekdays(kind)) },
    )
    for kind in kinds
  ]),
}
