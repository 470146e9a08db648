{{- /*
Names and labels. Declared here:

  long-lived.name             name of the application, for labels; a parent chart's alias in kebab case
  long-lived.fullname         start of all object names
  long-lived.cut              text that fits; takes (dict "text" TEXT "room" NUMBER)
  long-lived.named            object name with a suffix; takes (dict "root" . "suffix" "server"),
                              and "room" where the name must be shorter than 63
  long-lived.server.name      Deployment, ConfigMap and Service of the server
  long-lived.headless.name    headless Service of the server
  long-lived.proxy.name       Deployment, ConfigMap and Service of the proxy
  long-lived.client.name      Job and ConfigMap of the client; job.nameSuffix says when it changes
  long-lived.test.name        pod of `helm test`
  long-lived.labels           labels of an object; takes (dict "root" . "component" "server")
  long-lived.selector         selector labels; takes the same
  long-lived.annotations      commonAnnotations, overlaid by own ones; takes (dict "root" . "own" MAP)
*/ -}}

{{- define "long-lived.name" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- $name = regexReplaceAll "[^a-z0-9]+" (kebabcase $name) "-" | trimAll "-" -}}
{{- end -}}
{{- include "long-lived.cut" (dict "text" $name "room" 63) -}}
{{- end -}}

{{- /*
In a parent chart two aliases may both be part of the release's name, so there only a name that is
equal to it is left out.
*/ -}}
{{- define "long-lived.fullname" -}}
{{- $name := include "long-lived.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if or (eq $name .Release.Name) (and .Chart.IsRoot (contains $name .Release.Name)) -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- end -}}

{{- /* What is cut gets a hash of the whole: two long names must not become one. */ -}}
{{- define "long-lived.cut" -}}
{{- if gt (len .text) (int .room) -}}
{{- printf "%s-%s" (.text | trunc (int (sub .room 7)) | trimSuffix "-") (.text | sha256sum | trunc 6) -}}
{{- else -}}
{{- .text -}}
{{- end -}}
{{- end -}}

{{- /*
A Service's name is a DNS label that starts with a letter (RFC 1035), a release's may start with a
digit and hold dots. Only the start is cut, so that the suffix, which tells the objects apart, stays
whole.
*/ -}}
{{- define "long-lived.named" -}}
{{- $start := include "long-lived.fullname" .root | replace "." "-" -}}
{{- if not (regexMatch "^[a-z]" $start) -}}
{{- $start = printf "release-%s" $start -}}
{{- end -}}
{{- $room := .room | default 63 -}}
{{- $start = include "long-lived.cut" (dict "text" $start "room" (sub $room (add 1 (len .suffix)))) -}}
{{- printf "%s-%s" $start .suffix -}}
{{- end -}}

{{- define "long-lived.server.name" -}}
{{- include "long-lived.named" (dict "root" . "suffix" "server") -}}
{{- end -}}

{{- define "long-lived.headless.name" -}}
{{- include "long-lived.named" (dict "root" . "suffix" "server-headless") -}}
{{- end -}}

{{- define "long-lived.proxy.name" -}}
{{- include "long-lived.named" (dict "root" . "suffix" "proxy") -}}
{{- end -}}

{{- /*
A Job's pod template is immutable, so each revision of the release has a Job of its own: Helm makes
the new one, which is a new run, and prunes the old one. Where revisions are not counted, the Job is
named after what it is made of. The ConfigMap carries the same name, so that a late pod of an old
Job never reads new settings.
A host name of an Indexed Job is NAME-INDEX and must fit in 63 as well: four are kept for "-199".
*/ -}}
{{- define "long-lived.client.name" -}}
{{- $suffix := .Release.Revision | toString -}}
{{- if eq .Values.job.nameSuffix "settings" -}}
{{- $unnamed := dict "Values" .Values "Release" .Release "Chart" .Chart "Capabilities" .Capabilities -}}
{{- $suffix = print (include "long-lived.client.spec" $unnamed) (include "long-lived.client.settings" .) | sha256sum | trunc 10 -}}
{{- end -}}
{{- include "long-lived.named" (dict "root" . "suffix" (printf "client-%s" $suffix) "room" 59) -}}
{{- end -}}

{{- define "long-lived.test.name" -}}
{{- include "long-lived.named" (dict "root" . "suffix" "test") -}}
{{- end -}}

{{- define "long-lived.selector" -}}
app.kubernetes.io/name: {{ include "long-lived.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "long-lived.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." }}
{{ include "long-lived.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "long-lived.annotations" -}}
{{- $all := merge (dict) (.own | default dict) (.root.Values.commonAnnotations | default dict) -}}
{{- with $all -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
