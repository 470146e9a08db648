{{- /*
What stands in front of the server where server.proxy is not `none`. Declared here:

  long-lived.proxy.port         port that the proxy listens on; none below 1024 takes a right
  long-lived.proxy.settings     files of HAProxy's settings: what it does (files/haproxy.cfg, as on one
                                machine), and where the replicas are
  long-lived.proxy.environment  what files/haproxy.cfg takes from the environment, but for the
                                pod's address
*/ -}}

{{- define "long-lived.proxy.port" -}}
8080
{{- end -}}

{{- /*
HAProxy knows no search domains, so it asks for the whole name. Slots without an address are out of use
and cost nothing: a hundred, so that the proxy need not restart when the server is scaled, and more where all
replicas may be replaced before DNS has forgotten those that are gone.
*/ -}}
{{- define "long-lived.proxy.settings" -}}
{{- $replicas := .Values.server.replicas | default 1 -}}
{{- if (.Values.autoscaling).enabled -}}
{{- $replicas = .Values.autoscaling.maxReplicas -}}
{{- end -}}
{{- $slots := max 100 (add (mul 2 (int $replicas)) (int .Values.experiment.event.count)) -}}
haproxy.cfg: |
  {{- .Files.Get "files/haproxy.cfg" | nindent 2 }}
replicas.cfg: |
  resolvers cluster
      parse-resolv-conf
      accepted_payload_size 8192
      timeout resolve 1s
      timeout retry 1s
      hold valid 1s
      hold obsolete 0s

  backend replicas
      server-template replica- {{ $slots }} {{ include "long-lived.headless.name" . }}.{{ .Release.Namespace }}.svc.{{ .Values.proxyPod.clusterDomain }}:{{ int .Values.server.port }} resolvers cluster init-addr none resolve-prefer ipv4
{{- end -}}

{{- define "long-lived.proxy.environment" -}}
{{- $client := .Values.client -}}
{{- $answer := dig "readSeconds" 0 ($client.timeouts | default dict) | float64 | default (addf 30 .Values.server.delay.maxSeconds) -}}
PROXY_MAX_CONNECTIONS: {{ add 100 (mul (int $client.concurrency) (int $client.parallelism)) | quote }}
PROXY_ANSWER_SECONDS: {{ addf 30 $answer | ceil | int | quote }}
PROXY_READY_REPLICAS: "1:"
{{- end -}}
