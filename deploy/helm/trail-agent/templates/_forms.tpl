{{/* What the agent refuses in its settings, in its own words: here before the installation, and not in a pod's log. */}}

{{- define "trail-agent.checkForms" -}}
{{- $config := .Values.config -}}
{{- with $config.queue }}
{{- include "trail-agent.queueForm" (list "config.queue.url" .url) }}
{{- include "trail-agent.queueForm" (list "config.queue.dead_letter_url" .dead_letter_url) }}
{{- end }}
{{- range $number, $bucket := $config.buckets }}
{{- include "trail-agent.bucketForm" (list (printf "config.buckets.%d.name" $number) $bucket.name) }}
{{- end }}
{{- $endpoint := ($config.otlp | default dict).endpoint | default "" }}
{{- if not (or (eq $endpoint "") (contains "${" $endpoint) (include "trail-agent.isUrl" $endpoint)) }}
- {{ printf "config.otlp.endpoint: %s" (include "trail-agent.urlWords" .) | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.urlWords" -}}
must be a URL that begins with http:// or https:// and names a host
{{- end -}}

{{- define "trail-agent.isUrl" -}}
{{- if regexMatch "^(?i)https?://([^/?#@ ]*@)?(\\[[0-9a-f:.]+\\]|[^/?#@: ]+)(:[0-9]*)?([/?#][^ ]*)?$" . -}}yes{{- end -}}
{{- end -}}

{{/* (list key value); a value of a variable (${env:…}) is not known here. */}}
{{- define "trail-agent.queueForm" -}}
{{- $key := index . 0 -}}
{{- $url := index . 1 | default "" -}}
{{- $path := regexReplaceAll "^(?i)https?://[^/?#]*|[?#].*$" $url "" | trimAll "/" -}}
{{- $aws := regexMatch "^(?i)https?://[^/]+\\.(amazonaws\\.(com|com\\.cn|eu)|api\\.aws)(:[0-9]*)?([/?#]|$)" $url -}}
{{- if or (eq $url "") (contains "${" $url) }}
{{- else if not (include "trail-agent.isUrl" $url) }}
- {{ printf "%s: %s" $key (include "trail-agent.urlWords" .) | toJson }}
{{- else if regexMatch "://[^/?#]*@" $url }}
- {{ printf "%s: must not hold a user name or password" $key | toJson }}
{{- else if hasSuffix ".fifo" $path }}
- {{ printf "%s: must be a standard queue: S3 cannot notify a FIFO queue" $key | toJson }}
{{- else if not (regexMatch (ternary "^(.*/)?[0-9]{12}/[A-Za-z0-9_-]{1,80}$" "^(.*/)?[A-Za-z0-9_-]{1,80}$" $aws) $path) }}
- {{ printf "%s: must end in the account id and the name of the queue, as in https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent" $key | toJson }}
{{- end }}
{{- end -}}

{{- define "trail-agent.bucketForm" -}}
{{- $key := index . 0 -}}
{{- $name := index . 1 -}}
{{- if contains "${" $name }}
{{- else if hasPrefix "arn:" $name }}
- {{ printf "%s: must be the bucket's plain name, not an ARN: write what follows arn:aws:s3:::" $key | toJson }}
{{- else if contains "://" $name }}
- {{ printf "%s: must be the bucket's plain name, not a URL: write what stands between s3:// and the next slash" $key | toJson }}
{{- else if or (not (regexMatch "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$" $name)) (contains ".." $name) (regexMatch "^[0-9]+(\\.[0-9]+){3}$" $name) }}
- {{ printf "%s: must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends" $key | toJson }}
{{- end }}
{{- end -}}
