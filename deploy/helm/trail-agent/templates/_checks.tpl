{{/* What a schema cannot say. All problems at once, as `trail-agent check` shows them. */}}

{{- define "trail-agent.checks" -}}
{{- $problems := list -}}
{{- range list "Forms" "Sizes" "Sink" "Settings" "History" "Scaling" "Clashes" "Amounts" "Names" -}}
{{- $problems = concat $problems (include (printf "trail-agent.check%s" .) $ | fromYamlArray) -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "trail-agent.checkSizes" -}}
{{- $reads := include "trail-agent.setting" (list . "limits" "in_flight_bytes" 536870912) | float64 -}}
{{- $limit := ((.Values.resources | default dict).limits | default dict).memory -}}
{{- if and $limit (lt (include "trail-agent.bytes" $limit | float64) (addf 268435456 $reads)) }}
- {{ printf "resources.limits.memory: %v is less than config.limits.in_flight_bytes (%d) and 256 MiB more. Raise it, or lower config.limits.in_flight_bytes; otherwise Kubernetes kills the agent under load" (ternary (int64 $limit) $limit (kindIs "float64" $limit)) (int64 $reads) | toJson }}
{{- end }}
{{- $grace := include "trail-agent.setting" (list . "" "shutdown_grace_seconds" 25) | float64 -}}
{{- if lt (float64 .Values.terminationGracePeriodSeconds) (addf 15 $grace) }}
- {{ printf "terminationGracePeriodSeconds: %v is too short. It must be config.shutdown_grace_seconds (%v) and 15 more; otherwise Kubernetes kills the agent while it finishes what it holds" .Values.terminationGracePeriodSeconds $grace | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkSink" -}}
{{- $otlp := .Values.config.otlp | default dict -}}
{{- $names := include "trail-agent.variables" . -}}
{{- if not (or $otlp.endpoint .Values.extraEnvFrom (regexMatch "(TRAIL_AGENT_OTLP__|OTEL_EXPORTER_OTLP_(LOGS_)?)ENDPOINT" $names)) }}
- {{ "config.otlp.endpoint: is missing. In a pod, the agent's default (http://localhost:4318) is the pod itself; name your Collector or Loki, such as http://otel-collector.observability:4318" | toJson }}
{{- end }}
{{- if and (regexMatch "://[^/]*@" (default "" $otlp.endpoint)) (not (contains "${env:" $otlp.endpoint)) }}
- {{ "config.otlp.endpoint: holds a user name, and everybody who may read ConfigMaps could read it. Put an authorization header into a Secret and name that in secrets.otlpHeaders.existingSecret" | toJson }}
{{- end }}
{{- range $name, $value := $otlp.headers | default dict }}
{{- if and (regexMatch "(?i)auth|token|secret|key|password|cookie|credential" $name) (not (contains "${env:" $value)) }}
- {{ printf "config.otlp.headers.%s: looks like a secret, and everybody who may read ConfigMaps could read it. Put it into a Secret and name that in secrets.otlpHeaders.existingSecret" $name | toJson }}
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.sinkPorts) (not (include "trail-agent.sinkPort" .)) }}
- {{ "networkPolicy.sinkPorts: is missing, and config.otlp.endpoint does not say the port" | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkSettings" -}}
{{- $secrets := .Values.secrets -}}
{{- $twice := list
    (list "otlp" "headers_file" "otlpHeaders")
    (list "record" "mask_key_file" "maskKey")
    (list "otlp" "ca_file" "otlpTls")
    (list "otlp" "cert_file" "otlpTls")
    (list "otlp" "key_file" "otlpTls") -}}
{{- range $twice }}
{{- if and (get (get $.Values.config (index . 0) | default dict) (index . 1)) (get $secrets (index . 2)).existingSecret }}
- {{ printf "config.%s.%s: has no effect beside secrets.%s; remove one of them" (index . 0) (index . 1) (index . 2) | toJson }}
{{- end }}
{{- end }}
{{- with ((.Values.config.aws | default dict).assume_role | default dict).external_id }}
{{- if not (contains "${env:" .) }}
- {{ "config.aws.assume_role.external_id: is a secret, and everybody who may read ConfigMaps could read it. Put it into a Secret, and into extraEnv as TRAIL_AGENT_AWS__ASSUME_ROLE__EXTERNAL_ID" | toJson }}
{{- end }}
{{- end }}
{{- if and (.Values.config.record | default dict).mask (not (or (.Values.config.record).mask_key_file $secrets.maskKey.existingSecret .Values.extraEnvFrom (contains "TRAIL_AGENT_RECORD__MASK_KEY_FILE" (include "trail-agent.variables" .)))) }}
- {{ "config.record.mask: needs a key. Put one (openssl rand -hex 32) into a Secret and name that in secrets.maskKey.existingSecret" | toJson }}
{{- end }}
{{- if (.Values.config.http | default dict).listen }}
- {{ "config.http.listen: has no effect in this chart. The port is 9464; listenAddress is the address" | toJson }}
{{- end }}
{{- if and .Values.serviceAccount.annotations (not .Values.serviceAccount.create) }}
- {{ "serviceAccount.annotations: has no effect with serviceAccount.create: false; annotate the ServiceAccount that you name" | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkHistory" -}}
{{- $history := .Values.config.event_history -}}
{{- $file := ($history | default dict).checkpoint_file -}}
{{- $claim := .Values.checkpoint.existingClaim -}}
{{- if and $history .Values.keda.enabled .Values.config.queue }}
- {{ "keda.enabled: each of its pods would poll config.event_history, and ship each event. Install a release of its own for the queue, without config.event_history" | toJson }}
{{- else if and $history (gt (int .Values.replicaCount) 1) }}
- {{ printf "replicaCount: each of %d pods would poll config.event_history, and ship each event. Set it to 1; for more pods on the queue, install a release of its own" (int .Values.replicaCount) | toJson }}
{{- end }}
{{- if and $claim (not $history) }}
- {{ "checkpoint.existingClaim: has no effect without config.event_history" | toJson }}
{{- else if and $claim $file }}
- {{ "config.event_history.checkpoint_file: has no effect beside checkpoint.existingClaim; remove one of them" | toJson }}
{{- else if $file }}
{{- $isMounted := false }}
{{- range .Values.extraVolumeMounts }}
{{- $isMounted = or $isMounted (hasPrefix (printf "%s/" (trimSuffix "/" (toString .mountPath))) $file) }}
{{- end }}
{{- if not (or $isMounted (contains "${" $file)) }}
- {{ "config.event_history.checkpoint_file: is in no volume, and the agent may write nowhere else. Make a PersistentVolumeClaim and name that in checkpoint.existingClaim" | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkScaling" -}}
{{- if .Values.keda.enabled }}
{{- if lt (int .Values.keda.maxReplicaCount) (int .Values.keda.minReplicaCount) }}
- {{ printf "keda.maxReplicaCount: %v is less than keda.minReplicaCount (%v)" .Values.keda.maxReplicaCount .Values.keda.minReplicaCount | toJson }}
{{- end }}
{{- if not .Values.config.queue }}
- {{ "keda.enabled: needs config.queue: KEDA sets the number of pods by its depth" | toJson }}
{{- else if contains "${" .Values.config.queue.url }}
- {{ "config.queue.url: must be written out, since keda reads it, too" | toJson }}
{{- else if not (include "trail-agent.region" .) }}
- {{ "config.queue.region: is missing; keda needs it, and config.queue.url does not say it" | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One setting of the agent, or its default: (list root section key default); the section is "" for a key at the top. */}}
{{- define "trail-agent.setting" -}}
{{- $config := (index . 0).Values.config -}}
{{- $section := ternary (get $config (index . 1)) $config (ne (index . 1) "") | default dict -}}
{{- $value := get $section (index . 2) -}}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") -}}{{ index . 3 }}{{- else -}}{{ $value }}{{- end -}}
{{- end -}}

{{/* A quantity of Kubernetes (512Mi, 1G, 1073741824, 100m) as a number: bytes, or CPUs. */}}
{{- define "trail-agent.bytes" -}}
{{- $quantity := toString . -}}
{{- $unit := regexFind "(m|[kKMGT]i?)$" $quantity -}}
{{- $factors := dict "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mulf (trimSuffix $unit $quantity | float64) (ternary (get $factors $unit) 1 (ne $unit "")) -}}
{{- end -}}

{{/* The names in extraEnv, one a line. */}}
{{- define "trail-agent.variables" -}}
{{- range .Values.extraEnv }}
{{ .name }}
{{- end }}
{{- end -}}

{{/* The region in the URL of the queue, if the settings do not name it. */}}
{{- define "trail-agent.region" -}}
{{- $queue := .Values.config.queue | default dict -}}
{{- $host := regexFind "^https?://[^/]*" (default "" $queue.url) -}}
{{- default (regexFind "[a-z]{2}(-[a-z]+)+-[0-9]+" $host) $queue.region -}}
{{- end -}}

{{/* The port of the sink, as its address and protocol say. Nothing, if a variable says it. */}}
{{- define "trail-agent.sinkPort" -}}
{{- $otlp := .Values.config.otlp | default dict -}}
{{- $address := regexFind "^https?://[^/?#]*" (default "" $otlp.endpoint) -}}
{{- $host := regexReplaceAll "^.*[/@]" $address "" -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{- if $port -}}
{{- $port -}}
{{- else if and $host (not (contains "${" $host)) -}}
{{- ternary 4317 (ternary 443 80 (hasPrefix "https" $address)) (eq (default "" $otlp.protocol) "grpc") -}}
{{- end -}}
{{- end -}}
