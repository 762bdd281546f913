// Where panels get what they show: the two data sources, targets, variables and links.
local prometheus = { type: 'prometheus', uid: '${prometheus_datasource}' };
local loki = { type: 'loki', uid: '${loki_datasource}' };

local variable(name, label) = { name: name, label: label, description: '', hide: 0, skipUrlSync: false };
local all = { includeAll: true, multi: true, current: { selected: true, text: ['All'], value: ['$__all'] } };

{
  prometheus:: prometheus,
  loki:: loki,

  // Of Prometheus: over the time of the dashboard, or one value at its end.
  series(expr, legend='', exemplar=false):: {
    datasource: prometheus, editorMode: 'code', expr: expr, legendFormat: legend, exemplar: exemplar, range: true, instant: false,
  },
  value(expr, legend='', format='time_series'):: {
    datasource: prometheus, editorMode: 'code', expr: expr, legendFormat: legend, format: format, exemplar: false, range: false, instant: true,
  },
  buckets(expr):: self.series(expr, '{{le}}') { format: 'heatmap' },

  // Of Loki: numbers over time, numbers at the end, lines.
  counts(expr, legend=''):: { datasource: loki, editorMode: 'code', expr: expr, legendFormat: legend, queryType: 'range' },
  count(expr, legend=''):: { datasource: loki, editorMode: 'code', expr: expr, legendFormat: legend, queryType: 'instant' },
  lines(expr, most):: { datasource: loki, editorMode: 'code', expr: expr, queryType: 'range', maxLines: most },

  // Variables.
  datasource(name, type, label):: variable(name, label) {
    type: 'datasource', query: type, regex: '', refresh: 1, includeAll: false, multi: false, options: [], current: { text: '', value: '' },
  },
  // Values of a label that Prometheus knows: label_values(…).
  ofPrometheus(name, label, query, allValue='.*'):: variable(name, label) + all + {
    type: 'query',
    datasource: prometheus,
    query: { query: query, refId: name, qryType: 1 },
    regex: '',
    refresh: 2,
    sort: 5,
    allValue: allValue,
    options: [],
  },
  // Values of a stream label that Loki knows. It knows none of structured metadata.
  ofLoki(name, label, stream, streamLabel):: variable(name, label) + all + {
    type: 'query',
    datasource: loki,
    query: { label: streamLabel, stream: stream, type: 1, refId: name },
    regex: '',
    refresh: 2,
    sort: 5,
    allValue: '.*',
    options: [],
  },
  // A text to type; empty means all.
  typed(name, label, description, default='', hide=0):: variable(name, label) {
    type: 'textbox',
    description: description,
    query: default,
    current: { selected: true, text: default, value: default },
    options: [{ selected: true, text: default, value: default }],
    hide: hide,
  },

  // Whether what is typed is a part of a name or all of it: what a regular expression has before and after the text.
  isWhole(name, label):: variable(name, label) {
    description: 'Whether a part of the name is typed, or all of it. A link from a row brings the whole name.',
    type: 'custom',
    query: 'a part : .*, the whole : ()',
    current: { selected: true, text: 'a part', value: '.*' },
    options: [{ selected: true, text: 'a part', value: '.*' }, { selected: false, text: 'the whole', value: '()' }],
    includeAll: false,
    multi: false,
  },
  // What a link brings for a variable: the whole name, where a part could be typed.
  whole(name, value):: { [name]: value } + if name == 'space' then {} else { [name + '_is']: '%28%29' },

  // A link to Explore, in the time that the dashboard shows, which asks: {service_name=~"<service>"}, and `more`. It is
  // written as a URL wants it. Grafana puts ${…} in, in the URL of a link as everywhere.
  local explore(service, more) =
    '/explore?schemaVersion=1&panes=%7B%22a%22:%7B%22datasource%22:%22${loki_datasource}%22,%22queries%22:%5B%7B%22refId%22:%22A%22,'
    + '%22datasource%22:%7B%22type%22:%22loki%22,%22uid%22:%22${loki_datasource}%22%7D,%22queryType%22:%22range%22,'
    + '%22expr%22:%22%7Bservice_name%3D~%5C%22' + service + '%5C%22%7D' + more + '%22%7D%5D,'
    + '%22range%22:%7B%22from%22:%22${__from}%22,%22to%22:%22${__to}%22%7D%7D%7D',

  // To all events of a service, or to the one whose id stands in the field that has the link.
  allEvents(service):: { title: 'All events as JSON, in Explore', url: explore(service, ''), targetBlank: true },
  oneEvent(service):: {
    title: 'The whole event, in Explore',
    // | aws_cloudtrail_event_id = "…"
    url: explore(service, '%20%7C%20aws_cloudtrail_event_id%20%3D%20%5C%22${__value.raw}%5C%22'),
    targetBlank: true,
  },

  // What fires, drawn over each graph.
  firing(alerts, text):: self.annotation('Alerts that fire', 'ALERTS{alertstate="firing", alertname=~"' + alerts + '"}', 'red') {
    titleFormat: '{{alertname}}',
    textFormat: text,
    tagKeys: 'severity',
  },
  annotation(name, expr, color):: {
    name: name,
    datasource: prometheus,
    enable: true,
    hide: false,
    iconColor: color,
    target: { datasource: prometheus, refId: 'Anno', expr: expr, interval: '60s' },
    titleFormat: '',
    textFormat: '',
    tagKeys: '',
    useValueForTime: false,
  },

  // A link in the head of a panel.
  head(link):: {
    type: 'link',
    title: link.title,
    url: link.url,
    targetBlank: link.targetBlank,
    asDropdown: false,
    icon: 'external link',
    includeVars: false,
    keepTime: false,
    tags: [],
    tooltip: '',
  },

  // A link to a dashboard, with the data sources, the time, and `values` of variables.
  dashboard(title, uid, values):: {
    title: title,
    url: '/d/' + uid + '?${__url_time_range}&${prometheus_datasource:queryparam}&${loki_datasource:queryparam}' +
         std.join('', ['&var-' + name + '=' + values[name] for name in std.objectFields(values)]),
    targetBlank: false,
  },
}
