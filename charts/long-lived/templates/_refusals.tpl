{{- /*
What is refused because it collides with what the chart sets or contradicts another value. Declared here:

  long-lived.refuse           fails by name; called once, with the root
  long-lived.refuse.pod       fails where something of the user's would replace the chart's in a pod;
                              takes (dict "path" "serverPod" "pod" .Values.serverPod)
  long-lived.refuse.rollout   fails where update, stop or scaling of the server contradict themselves
  long-lived.refuse.network   the same for Services, network policies and service account
  long-lived.refuse.keys      fails where one of the maps has one of the keys; takes
                              (dict "maps" (dict PATH MAP) "keys" LIST)
*/ -}}

{{- define "long-lived.refuse" -}}
{{- if eq (toString .Values.enabled) "false" -}}
{{- fail "enabled = false is not allowed here: it leaves the chart out only if the parent's Chart.yaml names it as the `condition`; to install the server alone, set client.enabled = false" -}}
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
{{- include "long-lived.refuse.pod" (dict "path" "serverPod" "pod" .Values.serverPod) -}}
{{- include "long-lived.refuse.pod" (dict "path" "clientPod" "pod" .Values.clientPod) -}}
{{- include "long-lived.refuse.rollout" . -}}
{{- include "long-lived.refuse.network" . -}}
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

{{- /* The apps take variables in any case of letters. */ -}}
{{- define "long-lived.refuse.pod" -}}
{{- $path := .path -}}
{{- range .pod.extraEnv -}}
{{- if regexMatch "^(?i)(POD_ID$|LONG_LIVED_)" (toString .name) -}}
{{- fail (printf "%s.extraEnv: %v is not allowed: the chart sets POD_ID, and LONG_LIVED_… are settings, which are values" $path .name) -}}
{{- end -}}
{{- end -}}
{{- range .pod.extraEnvFrom -}}
{{- if regexMatch "^(?i)LONG_LIVED_" (.prefix | default "" | toString) -}}
{{- fail (printf "%s.extraEnvFrom: prefix %v is not allowed: LONG_LIVED_… are settings, which are values" $path .prefix) -}}
{{- end -}}
{{- end -}}
{{- range .pod.extraVolumes -}}
{{- if has .name (list "settings" "tmp") -}}
{{- fail (printf "%s.extraVolumes: %v is not allowed: the chart has a volume of that name" $path .name) -}}
{{- end -}}
{{- end -}}
{{- range .pod.extraVolumeMounts -}}
{{- $at := clean (toString .mountPath) -}}
{{- if or (has $at (list "/tmp" "/etc/long-lived")) (hasPrefix "/etc/long-lived/" $at) -}}
{{- fail (printf "%s.extraVolumeMounts: %v is not allowed: the chart mounts /etc/long-lived and /tmp" $path .mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.refuse.rollout" -}}
{{- $update := .Values.updateStrategy | default dict -}}
{{- $surge := toString (get $update "maxSurge") -}}
{{- $unavailable := toString (get $update "maxUnavailable") -}}
{{- if and (eq (get $update "type") "Recreate") (or $surge $unavailable) -}}
{{- fail "updateStrategy.type = Recreate allows neither maxSurge nor maxUnavailable: all pods end before new ones start" -}}
{{- end -}}
{{- if and (regexMatch "^0+%?$" $surge) (regexMatch "^0+%?$" $unavailable) -}}
{{- fail (printf "updateStrategy.maxSurge = %s and updateStrategy.maxUnavailable = %s: one of them must be above 0" $surge $unavailable) -}}
{{- end -}}
{{- $sleep := int .Values.serverPod.preStopSleepSeconds -}}
{{- $grace := int .Values.serverPod.terminationGracePeriodSeconds -}}
{{- if and $grace (le $grace $sleep) -}}
{{- fail (printf "serverPod.terminationGracePeriodSeconds = %d is not above serverPod.preStopSleepSeconds = %d: must be 0 or more than %d" $grace $sleep $sleep) -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
{{- $fewest := $.Values.server.replicas -}}
{{- if kindIs "invalid" $fewest -}}
{{- fail "server.replicas = null is not allowed with autoscaling.enabled = true: it is the fewest replicas that the chart's autoscaler keeps" -}}
{{- end -}}
{{- if lt (int .maxReplicas) (int $fewest) -}}
{{- fail (printf "autoscaling.maxReplicas = %v is below server.replicas = %v: must be at least %v" .maxReplicas $fewest $fewest) -}}
{{- end -}}
{{- if and (not (int .targetCpuPercent)) (not .metrics) -}}
{{- fail "autoscaling.targetCpuPercent = 0 and no autoscaling.metrics: set one of them" -}}
{{- end -}}
{{- if and (int .targetCpuPercent) (not (dig "requests" "cpu" "" ($.Values.serverPod.resources | default dict))) -}}
{{- fail (printf "autoscaling.targetCpuPercent = %v is a percentage of serverPod.resources.requests.cpu, which is not set" .targetCpuPercent) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "long-lived.refuse.network" -}}
{{- $service := .Values.service -}}
{{- if and (gt (len ($service.ipFamilies | default list)) 1) (has ($service.ipFamilyPolicy | default "") (list "" "SingleStack")) -}}
{{- fail (printf "service.ipFamilies = %v are two: set service.ipFamilyPolicy to PreferDualStack or RequireDualStack" $service.ipFamilies) -}}
{{- end -}}
{{- with $service.trafficDistribution -}}
{{- $since := eq . "PreferClose" | ternary "1.31" "1.34" -}}
{{- if not (semverCompare (printf ">=%s-0" $since) $.Capabilities.KubeVersion.Version) -}}
{{- fail (printf "service.trafficDistribution = %s needs Kubernetes %s; this is %s" . $since $.Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- end -}}
{{- $account := .Values.serviceAccount | default dict -}}
{{- if and $account.annotations (not $account.create) -}}
{{- fail "serviceAccount.annotations are given with serviceAccount.create = false: must be true, because the chart annotates only an account that it makes" -}}
{{- end -}}
{{- $policy := .Values.networkPolicy | default dict -}}
{{- if and $policy.enabled .Values.client.enabled .Values.client.url (not $policy.clientEgress) -}}
{{- fail (printf "networkPolicy.enabled = true blocks the client from client.url = %q: allow it in networkPolicy.clientEgress" .Values.client.url) -}}
{{- end -}}
{{- end -}}
