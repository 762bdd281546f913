// One alert, and its entry in docs/alerts.md.
{
  // `means` and `todo` are the description. `query` is the LogQL that shows more. `what` is the summary without labels, where
  // `means` does not say it. `why` explains the expression: it becomes the comment in rules.yaml. `when`
  // says the expression in words.
  new(name, severity, expr, summary, means, todo, query, lasts=null, what='', why='', when='', dashboard='trail-agent'):: {
    alert: name,
    expr: expr,
    [if lasts != null then 'for']: lasts,
    labels: { severity: severity },
    annotations: {
      summary: summary,
      description: means + ' ' + todo,
    },
    why:: why,
    runbook:: { when: when, what: what, means: means, todo: todo, query: query },
    dashboard:: dashboard,
  },
}
