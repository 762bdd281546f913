{{/* What is sound by itself and clashes with what the chart makes: variables, volumes, sizes, times and names. */}}

{{- define "trail-agent.checkClashes" -}}
{{- $own := dict
    "TRAIL_AGENT_HTTP__LISTEN" "the chart sets it itself. The port is 9464; listenAddress is the address"
    "TRAIL_AGENT_LIMITS__IN_FLIGHT_BYTES" "the memory limit could not be compared with it. Set config.limits.in_flight_bytes"
    "TRAIL_AGENT_EVENT_HISTORY__REGIONS" "replicaCount could not be compared with it. Set config.event_history.regions"
    "TRAIL_AGENT_SHUTDOWN_GRACE_SECONDS" "terminationGracePeriodSeconds could not be compared with it. Set config.shutdown_grace_seconds" -}}
{{- range $name, $_ := include "trail-agent.secretFiles" . | fromYaml }}
{{- $_ := set $own $name "the chart sets it itself, because of `secrets`. Remove one of them" }}
{{- end }}
{{- $volumes := list "settings" "otlp-headers" "mask-key" "otlp-tls" }}
{{- $folders := "^(/etc|/run/secrets)/trail-agent(/|$)" }}
{{- if .Values.checkpoint.existingClaim }}
{{- $volumes = append $volumes "checkpoint" }}
{{- $folders = "^(/etc|/run/secrets|/var/lib)/trail-agent(/|$)" }}
{{- $_ := set $own "TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE" "the chart sets it itself, because of `checkpoint`. Remove one of them" }}
{{- end }}
{{- $names := list }}
{{- range .Values.extraEnv }}
{{- $name := ternary (upper .name) .name (hasPrefix "TRAIL_AGENT_" (upper .name)) }}
{{- with get $own $name }}
- {{ printf "extraEnv: must not hold %s: %s" $name . | toJson }}
{{- end }}
{{- if has $name $names }}
- {{ printf "extraEnv: holds %s twice" $name | toJson }}
{{- end }}
{{- $names = append $names $name }}
{{- end }}
{{- range .Values.extraVolumes }}
{{- if has .name $volumes }}
- {{ printf "extraVolumes: must not hold %s: the chart has a volume of this name. Take another name" .name | toJson }}
{{- end }}
{{- end }}
{{- range .Values.extraVolumeMounts }}
{{- if regexMatch $folders (toString .mountPath) }}
- {{ printf "extraVolumeMounts: must not hold %s: the chart mounts its own files there. Take another folder" .mountPath | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkAmounts" -}}
{{- $resources := .Values.resources | default dict -}}
{{- $limits := $resources.limits | default dict -}}
{{- range $name, $asked := $resources.requests | default dict }}
{{- $limit := get $limits $name }}
{{- if and $limit (gt (include "trail-agent.bytes" $asked | float64) (include "trail-agent.bytes" $limit | float64)) }}
- {{ printf "resources.requests.%s: is more than resources.limits.%s, and Kubernetes refuses such a pod" $name $name | toJson }}
{{- end }}
{{- end }}
{{- $monitor := .Values.podMonitor -}}
{{- if gt (include "trail-agent.milliseconds" $monitor.scrapeTimeout | float64) (include "trail-agent.milliseconds" $monitor.interval | float64) }}
- {{ printf "podMonitor.scrapeTimeout: %s is longer than podMonitor.interval (%s), and the Prometheus operator refuses that" $monitor.scrapeTimeout $monitor.interval | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.checkNames" -}}
{{- $name := include "trail-agent.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
- {{ printf "fullnameOverride: is missing. Without it, the name of the release makes %s the name of the Service, and Kubernetes refuses that: it must begin with a letter and have no dot" $name | toJson }}
{{- end }}
{{- end -}}

{{/* A time of Prometheus (30s, 1m30s) in milliseconds. */}}
{{- define "trail-agent.milliseconds" -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $sum = addf $sum (mulf (trimSuffix $unit . | float64) (get (dict "ms" 1 "s" 1e3 "m" 6e4 "h" 3.6e6) $unit)) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
