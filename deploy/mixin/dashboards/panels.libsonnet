// How a panel looks, by its type. Each takes a title, a description and its targets; what is added with + wins.
// The types are those that Grafana 10 to 13 share: stat, timeseries, bargauge, table, heatmap, logs, state-timeline.
local letters = std.stringChars('ABCDEFGHIJ');

// The colour of a level, from the given value upwards; the first one has no value.
local steps(list) = {
  mode: 'absolute',
  steps: [{ color: list[0], value: null }] +
         [{ color: list[index], value: list[index - 1] } for index in std.range(1, std.length(list) - 1) if index % 2 == 0],
};

{
  // steps('green', 1, 'red'): green, and red from 1 upwards.
  thresholds(list):: { fieldConfig+: { defaults+: { thresholds: steps(list), color: { mode: 'thresholds' } } } },

  // What a panel says when there is nothing to show.
  noValue(text):: { fieldConfig+: { defaults+: { noValue: text } } },
  unit(name):: { fieldConfig+: { defaults+: { unit: name } } },
  links(list):: { fieldConfig+: { defaults+: { links: list } } },
  height(h):: { gridPos+: { h: h } },
  width(w):: { gridPos+: { w: w } },

  // Only for one field or series, by its name.
  override(name, properties):: {
    fieldConfig+: {
      overrides+: [{
        matcher: { id: 'byName', options: name },
        properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
      }],
    },
  },
  colors(byName):: std.foldl(
    function(all, name) all + $.override(name, { color: { mode: 'fixed', fixedColor: byName[name] } }),
    std.objectFields(byName),
    {}
  ),

  local panel(type, title, description, targets) = {
    type: type,
    title: title,
    description: description,
    datasource: targets[0].datasource,
    targets: [targets[index] { refId: letters[index] } for index in std.range(0, std.length(targets) - 1)],
    gridPos: { w: 8, h: 8 },
    fieldConfig: { defaults: { unit: 'short', thresholds: steps(['green']), mappings: [], noValue: 'Nothing in this time' }, overrides: [] },
    transparent: false,
  },
  local reduced(all) = { calcs: if all then [] else ['lastNotNull'], fields: if all then '/^Value/' else '', values: all, limit: 25 },
  local tooltip = { mode: 'multi', sort: 'desc', hideZeros: true },
  local legend = { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true },

  // One number, coloured by its thresholds.
  stat(title, description, targets)::
    panel('stat', title, description, targets)
    + $.thresholds(['text']) + { gridPos: { w: 3, h: 4 } } + {
      options: {
        colorMode: 'value',
        graphMode: 'none',
        justifyMode: 'center',
        orientation: 'auto',
        percentChangeColorMode: 'standard',
        reduceOptions: reduced(false),
        showPercentChange: false,
        textMode: 'value',
        wideLayout: true,
      },
    },

  // A number that stands for a word.
  words(byNumber):: {
    fieldConfig+: {
      defaults+: {
        mappings: [{
          type: 'value',
          options: {
            [number]: { text: byNumber[number].text, color: byNumber[number].color, index: std.parseInt(number) }
            for number in std.objectFields(byNumber)
          },
        }],
      },
    },
  },

  lines(title, description, targets)::
    panel('timeseries', title, description, targets) + {
      fieldConfig+: {
        defaults+: {
          color: { mode: 'palette-classic' },
          custom: {
            drawStyle: 'line',
            lineWidth: 2,
            fillOpacity: 8,
            showPoints: 'never',
            spanNulls: false,
            axisSoftMin: 0,
            axisPlacement: 'auto',
            stacking: { mode: 'none', group: 'A' },
          },
        },
      },
      options: { legend: legend, tooltip: tooltip },
    },

  // Counts on top of each other.
  bars(title, description, targets)::
    $.lines(title, description, targets) + {
      fieldConfig+: {
        defaults+: { custom+: { drawStyle: 'bars', lineWidth: 0, fillOpacity: 85, stacking: { mode: 'normal', group: 'A' } } },
      },
    },

  // A legend at the side, what there was most of first: by the sum of counts, or by the highest rate. Counts that
  // Prometheus makes of neighbouring moments overlap, and must not be summed.
  perMinute:: $.unit('suffix: /min'),
  highest:: { options+: { legend+: { calcs: ['max'], displayMode: 'table', placement: 'right', sortBy: 'Max', sortDesc: true } } },
  counted:: { options+: { legend+: { calcs: ['sum'], displayMode: 'table', placement: 'right', sortBy: 'Total', sortDesc: true } } },

  // The longest bar first: who, what, from where.
  ranking(title, description, targets)::
    panel('bargauge', title, description, targets) + {
      fieldConfig+: { defaults+: { color: { mode: 'fixed', fixedColor: 'blue' }, min: 0 } },
      options: {
        displayMode: 'basic',
        legend: legend { showLegend: false },
        maxVizHeight: 26,
        minVizHeight: 16,
        minVizWidth: 8,
        namePlacement: 'left',
        orientation: 'horizontal',
        reduceOptions: reduced(true),
        showUnfilled: false,
        sizing: 'manual',
        valueMode: 'text',
      },
      transformations: [{ id: 'sortBy', options: { sort: [{ field: 'Value #A', desc: true }] } }],
    },

  // The columns of a query's table, in this order: [[field, name, properties], …].
  table(title, description, targets, columns, sort=null)::
    local fields = [column[0] for column in columns];
    panel('table', title, description, targets) + {
      gridPos: { w: 24, h: 9 },
      fieldConfig+: { defaults+: { color: { mode: 'thresholds' }, custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: false } } },
      options: {
        cellHeight: 'sm',
        frameIndex: 0,
        showHeader: true,
        sortBy: if sort == null then [] else [{ displayName: sort, desc: true }],
      },
      transformations: [
        { id: 'filterFieldsByName', options: { include: { names: fields } } },
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: {},
            indexByName: { [fields[index]]: index for index in std.range(0, std.length(fields) - 1) },
            renameByName: { [column[0]]: column[1] for column in columns },
          },
        },
      ],
    } + std.foldl(
      function(all, column) all + if std.length(column) > 2 then $.override(column[1], column[2]) else {},
      columns,
      {}
    ),

  // The same of log lines: each label of a line is a column.
  records(title, description, targets, columns)::
    local plain = $.table(title, description, targets, columns);
    plain {
      transformations: [{ id: 'extractFields', options: { source: 'labels', format: 'json', keepTime: true, replace: false } }] +
                       [one for one in plain.transformations if one.id != 'merge'],
    },

  log(title, description, targets)::
    panel('logs', title, description, targets) + {
      gridPos: { w: 24, h: 14 },
      options: {
        dedupStrategy: 'none',
        enableLogDetails: true,
        prettifyLogMessage: false,
        showCommonLabels: false,
        showLabels: false,
        showLogContextToggle: false,
        showTime: true,
        sortOrder: 'Descending',
        wrapLogMessage: false,
      },
    },

  // Buckets of a histogram over time.
  heatmap(title, description, targets, colors)::
    panel('heatmap', title, description, targets) + {
      fieldConfig+: { defaults+: { unit: 's', custom: { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: 'linear' } } } },
      options: {
        calculate: false,
        cellGap: 1,
        cellValues: { unit: 'short', decimals: 0 },
        color: { mode: 'scheme', scheme: colors, exponent: 0.5, fill: 'dark-blue', reverse: false, scale: 'exponential', steps: 64 },
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        filterValues: { le: 1e-9 },
        legend: { show: false },
        rowsFrame: { layout: 'auto', value: 'Messages or events' },
        showValue: 'never',
        tooltip: { mode: 'single', show: true, showColorScale: false, yHistogram: false },
        yAxis: { axisPlacement: 'left', reverse: false, unit: 's' },
      },
    },

  // What was so, and when: a row for each series.
  timeline(title, description, targets)::
    panel('state-timeline', title, description, targets) + {
      fieldConfig+: { defaults+: { color: { mode: 'thresholds' }, custom: { fillOpacity: 80, lineWidth: 0 } } },
      options: {
        alignValue: 'left',
        legend: legend { showLegend: false },
        mergeValues: true,
        rowHeight: 0.85,
        showValue: 'never',
        tooltip: { mode: 'single', sort: 'none' },
      },
    },
}
