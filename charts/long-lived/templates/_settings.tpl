{{- /*
What the apps read. Declared here:

  long-lived.server.settings  the server's values file
  long-lived.client.settings  the client's values file, with the release's names filled in
  long-lived.url              address of the Service, from within the namespace
  long-lived.numbers          a settings map as YAML, with fractions as numbers; takes the map
  long-lived.check            fails with the key path where two values contradict each other
  long-lived.limit            fails because a value is not below another; takes (dict "key" PATH
                              "value" NUMBER "high" PATH "limit" NUMBER)
*/ -}}

{{- define "long-lived.server.settings" -}}
{{- include "long-lived.numbers" (dict "server" .Values.server) -}}
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
{{- include "long-lived.numbers" (dict "server" .Values.server "client" $client "experiment" .Values.experiment) -}}
{{- end -}}

{{- /*
The short name is the first that a pod's resolver tries, so each look-up is one query; with dots in
it three names would be asked for in vain, times the number of connections.
*/ -}}
{{- define "long-lived.url" -}}
{{- $port := int .Values.service.port -}}
{{- printf "http://%s%s/" (include "long-lived.server.name" .) (eq $port 80 | ternary "" (printf ":%d" $port)) -}}
{{- end -}}

{{- /*
`--set server.delay.minSeconds=0.5` reaches a chart as text: Helm reads only whole numbers there. The
schema lets such text pass for a fraction, whose key says by its unit that it is one.
*/ -}}
{{- define "long-lived.numbers" -}}
{{- $numbers := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $value = include "long-lived.numbers" $value | fromYaml -}}
{{- else if and (kindIs "string" $value) (regexMatch "(Seconds|Ratio)$" $key) -}}
{{- $value = float64 $value -}}
{{- end -}}
{{- $numbers = set $numbers $key $value -}}
{{- end -}}
{{- toYaml $numbers -}}
{{- end -}}

{{- define "long-lived.check" -}}
{{- include "long-lived.refuse" . -}}
{{- range $path, $range := dict "server.delay" .Values.server.delay "client.thinkTime" .Values.client.thinkTime -}}
{{- if gt (float64 $range.minSeconds) (float64 $range.maxSeconds) -}}
{{- fail (printf "%s.minSeconds = %v is above %s.maxSeconds = %v: allowed is at most %v" $path $range.minSeconds $path $range.maxSeconds $range.maxSeconds) -}}
{{- end -}}
{{- end -}}
{{- $restart := .Values.experiment.restart -}}
{{- if gt (float64 $restart.afterSeconds) 0.0 -}}
{{- if ge (int $restart.keep) (int .Values.server.replicas) -}}
{{- include "long-lived.limit" (dict "key" "experiment.restart.keep" "value" $restart.keep "high" "server.replicas" "limit" .Values.server.replicas) -}}
{{- end -}}
{{- $duration := .Values.client.durationSeconds -}}
{{- if and (gt (float64 $duration) 0.0) (ge (float64 $restart.afterSeconds) (float64 $duration)) -}}
{{- include "long-lived.limit" (dict "key" "experiment.restart.afterSeconds" "value" $restart.afterSeconds "high" "client.durationSeconds" "limit" $duration) -}}
{{- end -}}
{{- end -}}
{{- with .Values.client.url -}}
{{- if not (hasPrefix "http://" .) -}}
{{- fail (printf "client.url = %q is not allowed: allowed is an http:// address" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.limit" -}}
{{- fail (printf "%s = %v is not below %s = %v: allowed is less than %v" .key .value .high .limit .limit) -}}
{{- end -}}
