{{/* The Secrets that are mounted, each in a folder of its own below /run/secrets/trail-agent. */}}

{{- define "trail-agent.mountedSecrets" -}}
{{- range $name, $volume := dict "otlpHeaders" "otlp-headers" "maskKey" "mask-key" "otlpTls" "otlp-tls" }}
{{- with (get $.Values.secrets $name).existingSecret }}
- volume: {{ $volume }}
  secret: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The settings that name a file of theirs, each as its variable. */}}
{{- define "trail-agent.secretFiles" -}}
{{- $folder := "/run/secrets/trail-agent" -}}
{{- with .Values.secrets.otlpHeaders }}
{{- if .existingSecret }}
TRAIL_AGENT_OTLP__HEADERS_FILE: {{ $folder }}/otlp-headers/{{ .key }}
{{- end }}
{{- end }}
{{- with .Values.secrets.maskKey }}
{{- if .existingSecret }}
TRAIL_AGENT_RECORD__MASK_KEY_FILE: {{ $folder }}/mask-key/{{ .key }}
{{- end }}
{{- end }}
{{- with .Values.secrets.otlpTls }}
{{- if .existingSecret }}
{{- range $variable, $key := dict "CA_FILE" .caKey "CERT_FILE" .certKey "KEY_FILE" .keyKey }}
{{- if $key }}
TRAIL_AGENT_OTLP__{{ $variable }}: {{ $folder }}/otlp-tls/{{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
