{{- /*
What the apps read. Declared here:

  long-lived.server.settings  the server's values file
  long-lived.client.settings  the client's values file, with the release's names filled in
  long-lived.url              address of the Service, from within the namespace
  long-lived.numbers          a settings map as YAML, with fractions as numbers; takes the map
  long-lived.check            fails with the key path where a value that the templates need is gone,
                              and where two contradict each other; the first line of each manifest
  long-lived.limit            fails because a value is not below another; takes (dict "key" PATH
                              "value" NUMBER "high" PATH "limit" NUMBER)
*/ -}}

{{- define "long-lived.server.settings" -}}
{{- include "long-lived.numbers" (dict "server" (include "long-lived.server.map" . | fromJson)) -}}
{{- end -}}

{{- /* In Helm a null removes the key. In server.replicas it is a value, which the apps must see. */ -}}
{{- define "long-lived.server.map" -}}
{{- set (deepCopy .Values.server) "replicas" .Values.server.replicas | toJson -}}
{{- end -}}

{{- define "long-lived.client.settings" -}}
{{- $client := deepCopy .Values.client -}}
{{- $readiness := $client.readiness | default dict -}}
{{- if not $readiness.host -}}
{{- $readiness = set $readiness "host" (include "long-lived.headless.name" .) -}}
{{- end -}}
{{- $client = set $client "readiness" $readiness -}}
{{- if not $client.url -}}
{{- $client = set $client "url" (include "long-lived.url" .) -}}
{{- end -}}
{{- include "long-lived.numbers" (dict "server" (include "long-lived.server.map" . | fromJson) "client" $client "experiment" .Values.experiment) -}}
{{- end -}}

{{- /*
The short name is the first that a pod's resolver tries, so each look-up is one query; with dots in
it, each connection would first cost three look-ups that find nothing.
*/ -}}
{{- define "long-lived.url" -}}
{{- $port := int .Values.service.port -}}
{{- printf "http://%s%s/" (include "long-lived.server.name" .) (eq $port 80 | ternary "" (printf ":%d" $port)) -}}
{{- end -}}

{{- /*
`--set server.delay.minSeconds=0.5` reaches a chart as text: Helm reads only whole numbers there. The
schema lets such text pass for a fraction; the unit in the key says that it is one.
*/ -}}
{{- define "long-lived.numbers" -}}
{{- $numbers := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $value = include "long-lived.numbers" $value | fromYaml -}}
{{- else if and (kindIs "string" $value) (regexMatch "(Seconds|Ratio|Within)$" $key) -}}
{{- $value = float64 $value -}}
{{- end -}}
{{- $numbers = set $numbers $key $value -}}
{{- end -}}
{{- toYaml $numbers -}}
{{- end -}}

{{- /*
A null makes Helm remove a default. What only an app or Kubernetes reads falls back to theirs; the
values named here are those that the templates calculate with. The schema could require them, but then no
values file would be valid by itself.
*/ -}}
{{- define "long-lived.check" -}}
{{- range $path := list
  "server.runtime" "server.port" "server.delay.minSeconds" "server.delay.maxSeconds"
  "server.gunicorn.workerClass" "server.gracefulTimeoutSeconds"
  "client.enabled" "client.concurrency" "client.requestsPerUser" "client.durationSeconds"
  "client.thinkTime.minSeconds" "client.thinkTime.maxSeconds" "client.keepAlive.mode"
  "client.connections" "client.engine" "client.parallelism"
  "experiment.restart.afterSeconds" "experiment.restart.keep"
  "images.pullPolicy" "images.server.repository" "images.client.repository"
  "service.type" "service.port" "service.sessionAffinity" "service.sessionAffinityTimeoutSeconds"
  "serverPod.startupProbe" "serverPod.livenessProbe" "serverPod.readinessProbe"
  "clientPod" "testPod" "job.nameSuffix" "job.ttlSecondsAfterFinished"
  "podDisruptionBudget.enabled" "podDisruptionBudget.maxUnavailable"
-}}
{{- $node := $.Values -}}
{{- range $part := splitList "." $path -}}
{{- if kindIs "map" $node -}}
{{- $node = index $node $part -}}
{{- end -}}
{{- end -}}
{{- if kindIs "invalid" $node -}}
{{- fail (printf "%s = null is not allowed: the templates need a value" $path) -}}
{{- end -}}
{{- end -}}
{{- include "long-lived.refuse" . -}}
{{- range $path, $range := dict "server.delay" .Values.server.delay "client.thinkTime" .Values.client.thinkTime -}}
{{- if gt (float64 $range.minSeconds) (float64 $range.maxSeconds) -}}
{{- fail (printf "%s.minSeconds = %v is above %s.maxSeconds = %v: must be at most %v" $path $range.minSeconds $path $range.maxSeconds $range.maxSeconds) -}}
{{- end -}}
{{- end -}}
{{- $restart := .Values.experiment.restart -}}
{{- if gt (float64 $restart.afterSeconds) 0.0 -}}
{{- with .Values.server.replicas -}}
{{- if ge (int $restart.keep) (int .) -}}
{{- include "long-lived.limit" (dict "key" "experiment.restart.keep" "value" $restart.keep "high" "server.replicas" "limit" .) -}}
{{- end -}}
{{- end -}}
{{- $duration := .Values.client.durationSeconds -}}
{{- if and (gt (float64 $duration) 0.0) (ge (float64 $restart.afterSeconds) (float64 $duration)) -}}
{{- include "long-lived.limit" (dict "key" "experiment.restart.afterSeconds" "value" $restart.afterSeconds "high" "client.durationSeconds" "limit" $duration) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.limit" -}}
{{- fail (printf "%s = %v is not below %s = %v: must be less than %v" .key .value .high .limit .limit) -}}
{{- end -}}
