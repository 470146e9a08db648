{{- /*
What a load takes. Declared here:

  long-lived.memory.needed    MB that a container takes; takes (dict "app" "flask" "load" 1000);
                              empty for an app that was not measured
  long-lived.memory.bytes     a quantity of Kubernetes ("128Mi") as a number of bytes
  long-lived.memory.warning   what NOTES say where a pod asks for less than it takes; takes (dict
                              "pod" KEY "resources" MAP "app" TEXT "load" NUMBER "of" TEXT)
*/ -}}

{{- /*
Peak memory with the kernel's share: MB of the process itself, and of every thousand virtual users
or requests in flight. They follow from the table "Memory on a cluster" in docs/cost.md.
*/ -}}
{{- define "long-lived.memory.needed" -}}
{{- with get (dict
  "threads" (list 30 58.8)
  "gevent" (list 30 35.9)
  "asyncio" (list 26 5.9)
  "flask" (list 46 43.9)
  "gunicorn" (list 53 56.1)
) .app -}}
{{- addf (first .) (mulf (last .) (divf $.load 1000)) | ceil -}}
{{- end -}}
{{- end -}}

{{- /* Source: kubernetes staging/src/k8s.io/apimachinery/pkg/api/resource/suffix.go */ -}}
{{- define "long-lived.memory.bytes" -}}
{{- $unit := regexFind "[a-zA-Z]+$" (toString .) -}}
{{- $factors := dict "" 1.0 "m" 0.001
  "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0
-}}
{{- mulf (toString . | trimSuffix $unit | float64) (get $factors $unit | float64) -}}
{{- end -}}

{{- define "long-lived.memory.warning" -}}
{{- $limit := dig "limits" "memory" "" (.resources | default dict) -}}
{{- $request := dig "requests" "memory" $limit (.resources | default dict) -}}
{{- with include "long-lived.memory.needed" . -}}
{{- $bytes := mulf . 1e6 -}}
{{- $takes := printf "%d %s take about %s MB" (int $.load) $.of . -}}
{{- if and $limit (lt (include "long-lived.memory.bytes" $limit | float64) $bytes) }}

WARNING: {{ $.pod }}.resources.limits.memory is {{ $limit }}: {{ $takes }}, and a container is killed at its limit.
{{- else if and $request (lt (include "long-lived.memory.bytes" $request | float64) $bytes) }}

WARNING: {{ $.pod }}.resources.requests.memory is {{ $request }}: {{ $takes }}, and a node that runs short first evicts pods that use more than they asked for.
{{- end }}
{{- end }}
{{- end -}}
