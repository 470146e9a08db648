{{- /*
What is refused because it collides with the chart's own or contradicts another value. Declared here:

  long-lived.refuse           fails by name; called once, with the root
  long-lived.refuse.keys      fails where one of the maps has one of the keys; takes
                              (dict "maps" (dict PATH MAP) "keys" LIST)
*/ -}}

{{- define "long-lived.refuse" -}}
{{- if eq (toString .Values.enabled) "false" -}}
{{- fail "enabled = false is not allowed here: it leaves the chart out only where the parent's Chart.yaml names it as the `condition`; client.enabled = false installs the server alone" -}}
{{- end -}}
{{- /* Those that a selector asks for, and those by which a Deployment and a Job find their pods again. */ -}}
{{- $ofPods := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "long-lived/generation" -}}
{{- $ofPods = concat $ofPods (list "pod-template-hash" "controller-uid" "job-name") -}}
{{- $ofPods = concat $ofPods (list "batch.kubernetes.io/controller-uid" "batch.kubernetes.io/job-name" "batch.kubernetes.io/job-completion-index") -}}
{{- $ofObjects := concat $ofPods (list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart") -}}
{{- $ofHelm := list "helm.sh/hook" "helm.sh/hook-delete-policy" "helm.sh/hook-output-log-policy" "helm.sh/hook-weight" -}}
{{- $ofHelm = concat $ofHelm (list "meta.helm.sh/release-name" "meta.helm.sh/release-namespace") -}}
{{- include "long-lived.refuse.keys" (dict "keys" $ofObjects "maps" (dict "commonLabels" .Values.commonLabels)) -}}
{{- include "long-lived.refuse.keys" (dict "keys" $ofPods "maps" (dict "serverPod.labels" .Values.serverPod.labels "clientPod.labels" .Values.clientPod.labels)) -}}
{{- include "long-lived.refuse.keys" (dict "keys" $ofHelm "maps" (dict "commonAnnotations" .Values.commonAnnotations)) -}}
{{- include "long-lived.refuse.keys" (dict "keys" (list "checksum/settings") "maps" (dict "serverPod.annotations" .Values.serverPod.annotations)) -}}
{{- end -}}

{{- define "long-lived.refuse.keys" -}}
{{- range $path, $map := .maps -}}
{{- range $key := $.keys -}}
{{- if hasKey ($map | default dict) $key -}}
{{- fail (printf "%s.%s is not allowed: the chart, Helm or Kubernetes sets it" $path $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
