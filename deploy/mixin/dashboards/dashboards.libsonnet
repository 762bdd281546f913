// Each field of grafanaDashboards is a file of deploy/grafana/dashboards/.
(import 'audit.libsonnet') +
(import 'leaving.libsonnet') +
(import 'agent.libsonnet')
