{{- /*
Live metrics. Declared here:

  long-lived.metrics.name         PodMonitor and PrometheusRule
  long-lived.metrics.labels       their labels, and those by which a Prometheus selects them
  long-lived.metrics.annotations  of pods that are scraped by annotation, which a PodMonitor does without
  long-lived.metrics.ports        port of a container
  long-lived.metrics.ingress      who may scrape, in a network policy
*/ -}}

{{- define "long-lived.metrics.name" -}}
{{- include "long-lived.named" (dict "root" . "suffix" "metrics") -}}
{{- end -}}

{{- define "long-lived.metrics.labels" -}}
{{- include "long-lived.labels" (dict "root" . "component" "metrics") }}
{{- with .Values.metrics.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "long-lived.metrics.annotations" -}}
{{- if and .Values.metrics.enabled (not (.Values.metrics.podMonitor).enabled) -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ int .Values.metrics.port | quote }}
prometheus.io/path: /metrics
{{- end -}}
{{- end -}}

{{- define "long-lived.metrics.ports" -}}
{{- if .Values.metrics.enabled -}}
- name: metrics
  containerPort: {{ int .Values.metrics.port }}
  protocol: TCP
{{- end -}}
{{- end -}}

{{- define "long-lived.metrics.ingress" -}}
{{- if and .Values.metrics.enabled .Values.metrics.namespace -}}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.metrics.namespace | quote }}
  ports:
    - port: {{ int .Values.metrics.port }}
      protocol: TCP
{{- end -}}
{{- end -}}
