// Each field is a file of deploy/grafana/dashboards/.
{
  grafanaDashboards+:: {},
}
