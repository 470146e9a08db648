{{- /*
What pods are made of. Declared here:

  long-lived.image            image reference; takes (dict "root" . "image" .Values.images.server), and "complete" true where
                              the repository names its registry
  long-lived.registry         registry of both images; empty where none is set
  long-lived.pullSecrets      Secrets with registry credentials, as a list of names
  long-lived.pod              the part of a pod's spec that server, client and test share;
                              takes (dict "root" . "pod" .Values.serverPod)
  long-lived.spread           topology spread; takes (dict "root" . "pod" MAP "component" "server")
  long-lived.container        the same for a container; takes the same as long-lived.pod
  long-lived.server.grace     seconds that a server pod gets to end
  long-lived.server.template  the server's pod template; takes (dict "root" . "generation" TEXT)
  long-lived.server.generation  name of the server's pods with these settings
*/ -}}

{{- define "long-lived.image" -}}
{{- $registry := include "long-lived.registry" .root -}}
{{- $name := .image.repository -}}
{{- if and $registry (not .complete) -}}
{{- $name = printf "%s/%s" $registry $name -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* A parent chart says in `global` what holds for all its charts; what is set for this one wins. */ -}}
{{- define "long-lived.registry" -}}
{{- $global := (.Values.global).imageRegistry | default "" -}}
{{- if not (kindIs "string" $global) -}}
{{- fail (printf "global.imageRegistry = %v is not allowed: must be text" $global) -}}
{{- end -}}
{{- .Values.images.registry | default $global | trimSuffix "/" -}}
{{- end -}}

{{- define "long-lived.pullSecrets" -}}
{{- $global := (.Values.global).imagePullSecrets | default list -}}
{{- $valid := kindIs "slice" $global -}}
{{- $secrets := list -}}
{{- range $valid | ternary $global list -}}
{{- $secret := kindIs "map" . | ternary . (dict "name" .) -}}
{{- $valid = and $valid (kindIs "string" $secret.name) $secret.name -}}
{{- $secrets = append $secrets $secret -}}
{{- end -}}
{{- if not $valid -}}
{{- fail (printf "global.imagePullSecrets = %v is not allowed: must be a list of names, or of `name: SECRET`" $global) -}}
{{- end -}}
{{- concat (.Values.images.pullSecrets | default list) $secrets | uniq | toYaml -}}
{{- end -}}

{{- define "long-lived.pod" -}}
automountServiceAccountToken: false
# A Service called x-server would put X_SERVER_PORT=tcp://… into every pod of the namespace.
enableServiceLinks: false
{{- with include "long-lived.pullSecrets" .root | fromYamlArray }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $security := deepCopy (.pod.podSecurityContext | default dict) }}
{{- with .pod.sysctls }}
{{- $_ := set $security "sysctls" (concat ($security.sysctls | default list) .) }}
{{- end }}
{{- with $security }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .pod.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with include "long-lived.account.name" .root }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "long-lived.spread" -}}
{{- $selector := dict "matchLabels" (include "long-lived.selector" . | fromYaml) -}}
{{- $spread := list -}}
{{- range .pod.topologySpreadConstraints -}}
{{- $spread = append $spread (hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $selector)) -}}
{{- end -}}
{{- with $spread -}}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "long-lived.container" -}}
imagePullPolicy: {{ .root.Values.images.pullPolicy }}
{{- with .pod.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /*
Without gracefulTimeoutSeconds the longest drain is gunicorn's, delay.maxSeconds plus 5. Five more
are for the process to end by itself, before the kubelet kills it. What runs before SIGTERM counts.
*/ -}}
{{- define "long-lived.server.grace" -}}
{{- $pod := .Values.serverPod -}}
{{- $drain := int .Values.server.gracefulTimeoutSeconds -}}
{{- if eq $drain 0 -}}
{{- $drain = add 5 (ceil .Values.server.delay.maxSeconds) -}}
{{- end -}}
{{- int $pod.terminationGracePeriodSeconds | default (add 5 $drain $pod.preStopSleepSeconds) -}}
{{- end -}}

{{- define "long-lived.server.template" -}}
{{- $root := .root -}}
{{- $pod := $root.Values.serverPod -}}
{{- $server := $root.Values.server -}}
metadata:
  labels:
    {{- include "long-lived.selector" (dict "root" $root "component" "server") | nindent 4 }}
    {{- with .generation }}
    long-lived/generation: {{ . | quote }}
    {{- end }}
    {{- with merge (dict) ($pod.labels | default dict) ($root.Values.commonLabels | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Without the replica count, which no server reads: scaling must not restart the others.
    checksum/settings: {{ omit $server "replicas" | include "long-lived.numbers" | sha256sum }}
    {{- with merge (dict) ($pod.annotations | default dict) (include "long-lived.metrics.annotations" $root | fromYaml) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "long-lived.pod" (dict "root" $root "pod" $pod) | nindent 2 }}
  {{- with include "long-lived.spread" (dict "root" $root "pod" $pod "component" "server") }}
  {{- . | nindent 2 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ include "long-lived.server.grace" $root }}
  containers:
    - name: server
      image: {{ include "long-lived.image" (dict "root" $root "image" $root.Values.images.server) | quote }}
      {{- include "long-lived.container" (dict "root" $root "pod" $pod) | nindent 6 }}
      args: ["--values", "/etc/long-lived/values.yaml"]
      env:
        - name: POD_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- with $pod.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $pod.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ int $server.port }}
          protocol: TCP
        {{- with include "long-lived.metrics.ports" $root }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- range $probe, $path := dict "startupProbe" "/healthz" "livenessProbe" "/healthz" "readinessProbe" "/readyz" }}
      {{ $probe }}:
        httpGet:
          path: {{ $path }}
          port: http
        {{- with get $pod $probe }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with include "long-lived.lifecycle" $root }}
      {{- . | nindent 6 }}
      {{- end }}
      volumeMounts:
        - name: settings
          mountPath: /etc/long-lived
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- with $pod.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: settings
      configMap:
        name: {{ include "long-lived.server.name" $root }}
    # In memory, because gunicorn's workers touch their heartbeat files there.
    - name: tmp
      emptyDir:
        medium: Memory
        sizeLimit: 16Mi
    {{- with $pod.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- /*
All server pods of one template share this label, and both Services ask for it: after an upgrade
that restarts the servers, neither the wait for all replicas nor the run that follows it counts
pods with the previous settings. It changes only where the template changes anyway.
*/ -}}
{{- define "long-lived.server.generation" -}}
{{- include "long-lived.server.template" (dict "root" . "generation" "") | sha256sum | trunc 10 -}}
{{- end -}}
