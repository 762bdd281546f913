// A dashboard of its rows: where each panel stands, and its id.
local width = 24;

// Panels from left to right, in lines of one height. A list among them is a column.
local place(panels, y) =
  local step(state, one) =
    local column = if std.isArray(one) then one else [one];
    local w = column[0].gridPos.w;
    local h = std.foldl(function(sum, panel) sum + panel.gridPos.h, column, 0);
    local breaks = state.x + w > width;
    local x = if breaks then 0 else state.x;
    local top = if breaks then state.bottom else state.y;
    local placed = std.foldl(
      function(done, panel) done { y: done.y + panel.gridPos.h, list+: [panel { gridPos+: { x: x, y: done.y } }] },
      column,
      { y: top, list: [] }
    ).list;
    { x: x + w, y: top, bottom: std.max(if breaks then top + h else state.bottom, top + h), list: state.list + placed };
  std.foldl(step, panels, { x: 0, y: y, bottom: y, list: [] });

local numbered(panels, first) = [panels[index] { id: first + index } for index in std.range(0, std.length(panels) - 1)];

// { title, panels, collapsed }: a row without a title has no line of its own.
local row(state, one) =
  local head = if one.title == '' then 0 else 1;
  local inside = place(one.panels, state.y + head);
  local panels = numbered(inside.list, state.id + head);
  local folded = std.get(one, 'collapsed', false);
  local line = {
    type: 'row',
    title: one.title,
    id: state.id,
    collapsed: folded,
    gridPos: { x: 0, y: state.y, w: width, h: 1 },
    panels: if folded then panels else [],
  };
  {
    id: state.id + head + std.length(panels),
    y: if folded then state.y + 1 else inside.bottom,
    list: state.list + (if head == 1 then [line] else []) + (if folded then [] else panels),
  };

{
  row(title, panels):: { title: title, panels: panels },
  folded(title, panels):: { title: title, panels: panels, collapsed: true },

  dashboard(config, uid, title, description, time, refresh, variables, rows, annotations=[]):: {
    uid: uid,
    title: title,
    description: description,
    tags: config.dashboardTags,
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    timezone: config.dashboardTimezone,
    weekStart: '',
    fiscalYearStartMonth: 0,
    time: time,
    timepicker: {},
    refresh: refresh,
    templating: { list: variables },
    annotations: { list: annotations },
    links: [
      {
        type: 'dashboards',
        title: 'trail-agent',
        tags: config.dashboardTags,
        asDropdown: false,
        includeVars: true,
        keepTime: false,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
        url: '',
      },
    ] + [
      {
        type: 'link',
        title: page.title,
        tags: [],
        asDropdown: false,
        includeVars: false,
        keepTime: false,
        targetBlank: true,
        icon: 'doc',
        tooltip: page.tooltip,
        url: config.docsURL + page.path,
      }
      for page in [
        { title: 'Questions', path: 'docs/questions.md', tooltip: 'Queries to copy: who, what, from where, since when' },
        { title: 'Runbook', path: 'docs/faults.md', tooltip: 'What is wrong, what the agent does, and what you do' },
      ]
      if config.docsURL != ''
    ],
    panels: std.foldl(row, rows, { id: 1, y: 0, list: [] }).list,
  },
}
