{{- /*
What is refused because it collides with the chart's own or contradicts another value. Declared here:

  long-lived.refuse           fails by name; called once, with the root
*/ -}}

{{- define "long-lived.refuse" -}}
{{- if eq (toString .Values.enabled) "false" -}}
{{- fail "enabled = false is not allowed here: it leaves the chart out only where the parent's Chart.yaml names it as the `condition`; client.enabled = false installs the server alone" -}}
{{- end -}}
{{- end -}}
