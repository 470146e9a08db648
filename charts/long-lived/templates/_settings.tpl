{{- /*
What the apps read. Declared here:

  long-lived.server.settings  the server's values file
  long-lived.client.settings  the client's values file, with the release's names filled in
  long-lived.url              address of the Service, or of the proxy's, from within the namespace
  long-lived.numbers          a settings map as YAML, with fractions as numbers; takes the map
  long-lived.check            fails with the key path where a value that the templates need is gone,
                              and where two contradict each other; the first line of each manifest
  long-lived.check.event, long-lived.check.connections, long-lived.check.target
                              the parts of that about the event, about kept connections, and about a
                              service that is not ours
  long-lived.limit            fails because a value is not below another; takes (dict "key" PATH
                              "value" NUMBER "high" PATH "limit" NUMBER)
*/ -}}

{{- define "long-lived.server.settings" -}}
{{- include "long-lived.numbers" (dict "server" (include "long-lived.server.map" . | fromJson) "metrics" (include "long-lived.metrics.map" . | fromJson)) -}}
{{- end -}}

{{- /* In Helm a null removes the key. In server.replicas it is a value, which the apps must see. */ -}}
{{- define "long-lived.server.map" -}}
{{- set (deepCopy .Values.server) "replicas" .Values.server.replicas | toJson -}}
{{- end -}}

{{- /* The rest of it is for the templates; a change there must be no new run. */ -}}
{{- define "long-lived.metrics.map" -}}
{{- pick .Values.metrics "enabled" "port" | toJson -}}
{{- end -}}

{{- define "long-lived.client.settings" -}}
{{- $client := deepCopy .Values.client -}}
{{- $readiness := $client.readiness | default dict -}}
{{- if and (not $readiness.host) .Values.server.enabled -}}
{{- $readiness = set $readiness "host" (include "long-lived.headless.name" .) -}}
{{- end -}}
{{- $client = set $client "readiness" $readiness -}}
{{- if not $client.url -}}
{{- $client = set $client "url" (include "long-lived.url" .) -}}
{{- end -}}
{{- include "long-lived.numbers" (dict "server" (include "long-lived.server.map" . | fromJson) "client" $client "experiment" .Values.experiment "metrics" (include "long-lived.metrics.map" . | fromJson)) -}}
{{- end -}}

{{- /*
The short name is the first that a pod's resolver tries, so each look-up is one query; with dots in
it, each connection would first cost three look-ups that find nothing.
*/ -}}
{{- define "long-lived.url" -}}
{{- $port := int .Values.service.port -}}
{{- $name := eq .Values.server.proxy "none" | ternary (include "long-lived.server.name" .) (include "long-lived.proxy.name" .) -}}
{{- printf "http://%s%s/" $name (eq $port 80 | ternary "" (printf ":%d" $port)) -}}
{{- end -}}

{{- /*
`--set server.delay.minSeconds=0.5` reaches a chart as text: Helm reads only whole numbers there. The
schema lets such text pass for a fraction; the unit in the key says that it is one.
*/ -}}
{{- define "long-lived.numbers" -}}
{{- $numbers := dict -}}
{{- range $key, $value := . -}}
{{- if eq $key "headers" -}}
{{- /* text, whatever a header is called */ -}}
{{- else if kindIs "map" $value -}}
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
  "server.enabled" "server.runtime" "server.port" "server.delay.minSeconds" "server.delay.maxSeconds"
  "server.gunicorn.workerClass" "server.gracefulTimeoutSeconds"
  "client.enabled" "client.concurrency" "client.requestsPerUser" "client.durationSeconds"
  "client.thinkTime.minSeconds" "client.thinkTime.maxSeconds" "client.keepAlive.mode"
  "client.connections" "client.engine" "client.parallelism"
  "client.keepAlive.maxRequests" "client.keepAlive.maxAgeSeconds" "client.balancing" "server.proxy"
  "experiment.event.kind" "experiment.event.afterSeconds" "experiment.event.count"
  "experiment.event.surge" "experiment.event.unavailable" "metrics.enabled" "metrics.port"
  "images.pullPolicy" "images.server.repository" "images.client.repository"
  "images.proxy.repository" "images.proxy.tag" "proxyPod.replicas" "proxyPod.clusterDomain"
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
{{- include "long-lived.check.event" . -}}
{{- include "long-lived.check.connections" . -}}
{{- include "long-lived.check.target" . -}}
{{- range $key := list "podMonitor" "rules" "dashboard" -}}
{{- if and (get $.Values.metrics $key | default dict).enabled (not $.Values.metrics.enabled) -}}
{{- fail (printf "metrics.%s.enabled = true: needs metrics.enabled = true" $key) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.metrics.enabled (eq (int .Values.metrics.port) (int .Values.server.port)) -}}
{{- fail (printf "metrics.port = %v: server.port = %v is taken; must be another" .Values.metrics.port .Values.server.port) -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.check.event" -}}
{{- $event := .Values.experiment.event -}}
{{- if ne $event.kind "none" -}}
{{- $duration := .Values.client.durationSeconds -}}
{{- if and (gt (float64 $duration) 0.0) (ge (float64 $event.afterSeconds) (float64 $duration)) -}}
{{- include "long-lived.limit" (dict "key" "experiment.event.afterSeconds" "value" $event.afterSeconds "high" "client.durationSeconds" "limit" $duration) -}}
{{- end -}}
{{- with .Values.server.replicas -}}
{{- if and (eq $event.kind "scale-down") (ge (int $event.count) (int .)) -}}
{{- include "long-lived.limit" (dict "key" "experiment.event.count" "value" $event.count "high" "server.replicas" "limit" .) -}}
{{- end -}}
{{- if and (has $event.kind (list "restart" "crash" "kill" "drain")) (gt (int $event.count) (int .)) -}}
{{- fail (printf "experiment.event.count = %v is above server.replicas = %v: must be at most %v" $event.count . .) -}}
{{- end -}}
{{- end -}}
{{- if and (hasPrefix "scale-" $event.kind) (kindIs "invalid" .Values.server.replicas) -}}
{{- fail (printf "experiment.event.kind = %s: server.replicas = null leaves their number to an autoscaler; it must be a number" $event.kind) -}}
{{- end -}}
{{- if and (hasPrefix "scale-" $event.kind) (.Values.autoscaling).enabled -}}
{{- fail (printf "experiment.event.kind = %s: autoscaling.enabled = true would undo it; must be false" $event.kind) -}}
{{- end -}}
{{- if and (eq $event.kind "rollout") (eq (int $event.surge) 0) (eq (int $event.unavailable) 0) -}}
{{- fail "experiment.event.surge = 0: must be above 0 where experiment.event.unavailable = 0" -}}
{{- end -}}
{{- if and (eq $event.kind "drain") (ne .Values.server.runtime "gunicorn") (eq (int .Values.server.gracefulTimeoutSeconds) 0) -}}
{{- fail (printf "experiment.event.kind = drain: server.runtime = %s ends at once; server.gracefulTimeoutSeconds must be above 0" .Values.server.runtime) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.check.connections" -}}
{{- $own := .Values.client.keepAlive -}}
{{- $limits := dict "maxRequests" $own.maxRequests "maxAgeSeconds" $own.maxAgeSeconds -}}
{{- if and (eq $own.mode "recycle") (eq (float64 $own.maxRequests) 0.0) (eq (float64 $own.maxAgeSeconds) 0.0) -}}
{{- fail "client.keepAlive.mode = recycle: client.keepAlive.maxRequests or client.keepAlive.maxAgeSeconds must be above 0" -}}
{{- end -}}
{{- range $key, $value := $limits -}}
{{- if and (ne $own.mode "recycle") (gt (float64 $value) 0.0) -}}
{{- fail (printf "client.keepAlive.%s = %v: has no effect with client.keepAlive.mode = %s; must be 0, or the mode recycle" $key $value $own.mode) -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.client.balancing "headless") (ne .Values.server.proxy "none") -}}
{{- fail (printf "client.balancing = headless: goes past server.proxy = %s; must be service" .Values.server.proxy) -}}
{{- end -}}
{{- end -}}

{{- /* A regular expression is left to the clients: it is Python's, not Go's. */ -}}
{{- define "long-lived.check.target" -}}
{{- $client := .Values.client -}}
{{- $target := $client.target | default dict -}}
{{- $tls := $target.tls | default dict -}}
{{- if and $tls.keyFile (not $tls.certFile) -}}
{{- fail (printf "client.target.tls.keyFile = %s: belongs to a certificate; certFile must name it" $tls.keyFile) -}}
{{- end -}}
{{- range $name, $value := $target.headers | default dict -}}
{{- if regexMatch "^(?i)(connection|content-length|host|transfer-encoding|long-lived-.*)$" $name -}}
{{- fail (printf "client.target.headers.%s is not allowed: the client writes that header itself" $name) -}}
{{- end -}}
{{- if not (regexMatch "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$" $name) -}}
{{- fail (printf "client.target.headers.%s is not allowed: must be the name of a header" $name) -}}
{{- end -}}
{{- if and (regexMatch "^(?i)(authorization|cookie|proxy-authorization|x-api-key)$" $name) (not (regexMatch "^(env|file):" $value)) -}}
{{- fail (printf "client.target.headers.%s = (not shown): a secret is not kept in values; must be env:NAME or file:PATH" $name) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.server.enabled -}}
{{- range $row := list
  (list "client.enabled" (toString $client.enabled) "true")
  (list "client.balancing" $client.balancing "service")
  (list "client.readiness.host" (($client.readiness).host | default "") "")
  (list "server.proxy" .Values.server.proxy "none")
  (list "experiment.event.kind" .Values.experiment.event.kind "none")
-}}
{{- if ne (index $row 1) (index $row 2) -}}
{{- fail (printf "%s = %s: needs servers of ours (server.enabled = false); must be %s" (index $row 0) (index $row 1 | default "empty") (index $row 2 | default "empty")) -}}
{{- end -}}
{{- end -}}
{{- if not $client.url -}}
{{- fail "server.enabled = false: there is nothing to load; client.url must name a service that is there already" -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "^(?i)https:" ($client.url | default "") -}}
{{- if eq $client.engine "asyncio" -}}
{{- fail "client.engine = asyncio: speaks no TLS; must be threads or gevent where client.url is https://" -}}
{{- end -}}
{{- else -}}
{{- range $key := list "caFile" "certFile" "keyFile" "insecure" -}}
{{- with get $tls $key -}}
{{- fail (printf "client.target.tls.%s = %v: has no effect without TLS; must be left out, or client.url be https://" $key .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.limit" -}}
{{- fail (printf "%s = %v is not below %s = %v: must be less than %v" .key .value .high .limit .limit) -}}
{{- end -}}
