// The types that a dashboard of deploy/grafana/ has: Grafana's own where @grafana/schema has them. It calls options
// `unknown`; here each panel type has its own. Written are texts, where the schema has enums.
import type { AnnotationQuery, Dashboard, FieldConfig, Panel, RowPanel, VariableModel } from "@grafana/schema";
import type {
  Options as BarGauge,
} from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type {
  FieldConfig as HeatmapField,
  Options as Heatmap,
} from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type { Options as Logs } from "@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as TimelineField,
  Options as Timeline,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type {
  FieldConfig as TableField,
  Options as Table,
} from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type {
  FieldConfig as SeriesField,
  Options as Series,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/** The same, with the text of each enum in its place. */
type Written<T> =
  T extends string ? `${T}`
  : T extends readonly (infer One)[] ? Written<One>[]
  : T extends object ? { [Name in keyof T]: Written<T[Name]> }
  : T;

interface PrometheusSource { type: "prometheus"; uid: "${prometheus_datasource}" }
interface LokiSource { type: "loki"; uid: "${loki_datasource}" }
interface Query { refId: string; editorMode: "code"; expr: string }
interface PrometheusQuery extends Query {
  datasource: PrometheusSource;
  legendFormat: string;
  exemplar: boolean;
  range: boolean;
  instant: boolean;
  format?: "time_series" | "table" | "heatmap";
}
interface LokiQuery extends Query {
  datasource: LokiSource;
  queryType: "range" | "instant";
  legendFormat?: string;
  maxLines?: number;
}

type Transformation =
  | { id: "extractFields"; options: { source: string; format: "json"; keepTime: boolean; replace: boolean } }
  | { id: "filterFieldsByName"; options: { include: { names: string[] } } }
  | { id: "merge"; options: {} }
  | {
      id: "organize";
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    }
  | { id: "sortBy"; options: { sort: [{ field: string; desc: boolean }] } };

type Field<Custom> = Omit<FieldConfig, "custom"> & { custom?: Custom };
type Properties<Of> = { [Name in keyof Of & string]-?: { id: Name; value: Of[Name] } }[keyof Of & string];
type CustomProperties<Of> = {
  [Name in keyof Of & string]-?: { id: `custom.${Name}`; value: Of[Name] };
}[keyof Of & string];
interface Override<Custom> {
  matcher: { id: "byName"; options: string };
  properties: (Properties<Omit<FieldConfig, "custom">> | CustomProperties<Custom>)[];
}

type Shown<Type extends string, Options, Custom = {}> = Written<
  Omit<Panel, "type" | "options" | "fieldConfig" | "targets" | "transformations" | "datasource"> & {
    type: Type;
    id: number;
    title: string;
    description: string;
    datasource: PrometheusSource | LokiSource;
    options: Options;
    fieldConfig: { defaults: Field<Partial<Custom>>; overrides: Override<Custom>[] };
    targets: (PrometheusQuery | LokiQuery)[];
    transformations?: Transformation[];
  }
>;

/** Each type of panel that is used. */
export interface Panels {
  bargauge: Shown<"bargauge", BarGauge>;
  /** Grafana before 10.3 asks for `show`. */
  heatmap: Shown<"heatmap", Heatmap & { tooltip: { show: true } }, HeatmapField>;
  logs: Shown<"logs", Logs>;
  row: Written<Omit<RowPanel, "panels"> & { panels: [] }>;
  stat: Shown<"stat", Stat>;
  "state-timeline": Shown<"state-timeline", Timeline, TimelineField>;
  table: Shown<"table", Table, TableField>;
  timeseries: Shown<"timeseries", Series, SeriesField>;
}

type PrometheusAnnotation = Omit<AnnotationQuery, "datasource" | "target"> & {
  datasource: PrometheusSource;
  target: { refId: string; expr: string; interval: string; datasource: PrometheusSource };
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
};

/** The dashboard without its panels. */
export type Frame = Written<
  Omit<Dashboard, "panels" | "annotations" | "templating"> & {
    annotations: { list: PrometheusAnnotation[] };
    templating: { list: VariableModel[] };
  }
>;
