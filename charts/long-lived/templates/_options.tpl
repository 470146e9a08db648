{{- /*
What is absent unless asked for. Declared here:

  long-lived.account.name     name of the pods' service account; empty means the namespace's own
  long-lived.families         address families of a Service
  long-lived.strategy         update strategy of the server's Deployment
  long-lived.lifecycle        what a server container does before SIGTERM
  long-lived.policy.pods      selector of a component's pods in a network policy; takes
                              (dict "root" . "component" "server")
  long-lived.policy.names     egress to name servers
  long-lived.policy.caller    network policy of the client or the test; takes
                              (dict "root" . "component" "client" "name" NAME)
*/ -}}

{{- define "long-lived.account.name" -}}
{{- $account := .Values.serviceAccount | default dict -}}
{{- if $account.create -}}
{{- $account.name | default (include "long-lived.cut" (dict "text" (include "long-lived.fullname" .) "room" 63)) -}}
{{- else -}}
{{- $account.name | default "" -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.families" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "long-lived.strategy" -}}
{{- $update := .Values.updateStrategy | default dict -}}
{{- $rolling := dict -}}
{{- $event := .Values.experiment.event -}}
{{- range $key := list "maxSurge" "maxUnavailable" -}}
{{- $value := get $update $key -}}
{{- if and (eq $event.kind "rollout") (eq (toString (get $update "maxSurge")) "") (eq (toString (get $update "maxUnavailable")) "") -}}
{{- $value = get $event (trimPrefix "max" $key | untitle) -}}
{{- end -}}
{{- if ne (toString $value) "" -}}
{{- $rolling = set $rolling $key (kindIs "string" $value | ternary $value (int $value)) -}}
{{- end -}}
{{- end -}}
{{- if eq (get $update "type") "Recreate" -}}
strategy:
  type: Recreate
{{- else if $rolling -}}
strategy:
  type: RollingUpdate
  rollingUpdate:
    {{- toYaml $rolling | nindent 4 }}
{{- end -}}
{{- end -}}

{{- /* The action `sleep` came with 1.29 and can be relied on from 1.34 on; the image has the command. */ -}}
{{- define "long-lived.lifecycle" -}}
{{- with int .Values.serverPod.preStopSleepSeconds -}}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.34-0" $.Capabilities.KubeVersion.Version }}
    sleep:
      seconds: {{ . }}
    {{- else }}
    exec:
      command: ["sleep", "{{ . }}"]
    {{- end }}
{{- end -}}
{{- end -}}

{{- define "long-lived.policy.pods" -}}
podSelector:
  matchLabels:
    {{- include "long-lived.selector" . | nindent 4 }}
{{- end -}}

{{- /* Wherever they are: a cluster's own, or one on each node. */ -}}
{{- define "long-lived.policy.names" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{- define "long-lived.policy.caller" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  labels:
    {{- include "long-lived.labels" . | nindent 4 }}
  {{- with include "long-lived.annotations" (dict "root" .root) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  {{- include "long-lived.policy.pods" . | nindent 2 }}
  policyTypes: [Ingress, Egress]
  {{- with eq .component "client" | ternary (include "long-lived.metrics.ingress" .root) "" }}
  ingress:
    {{- . | nindent 4 }}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    - to:
        - {{ include "long-lived.policy.pods" (dict "root" .root "component" "server") | nindent 10 | trim }}
      ports:
        - port: {{ int .root.Values.server.port }}
          protocol: TCP
    {{- include "long-lived.policy.names" . | nindent 4 }}
    {{- if ne .root.Values.server.proxy "none" }}
    - to:
        - {{ include "long-lived.policy.pods" (dict "root" .root "component" "proxy") | nindent 10 | trim }}
      ports:
        - port: {{ include "long-lived.proxy.port" .root }}
          protocol: TCP
    {{- end }}
    {{- with .root.Values.networkPolicy.clientEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
