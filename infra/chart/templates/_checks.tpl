{{/* Checks that the schema cannot express. They render nothing. */}}
{{- define "gpu-dev.checks" -}}
{{- $users := .Values.podNamespace.name }}
{{- if has $users (list "default" "kube-system" "kube-public" "kube-node-lease") }}
{{- fail (printf "podNamespace.name is %s, a namespace of the cluster: the policies that isolate users' pods would also isolate every other pod there. Choose a namespace used for nothing else, such as gpu-dev." $users) }}
{{- end }}
{{- if eq $users .Release.Namespace }}
{{- fail (printf "podNamespace.name is %s, the release's own namespace: the policies that isolate users' pods would also isolate the control plane, and its Secrets would be next to theirs. Choose another namespace." $users) }}
{{- end }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$" .Release.Name) }}
{{- fail (printf "the release name %s cannot be part of Service names: use at most 40 characters, starting with a letter, without dots." .Release.Name) }}
{{- end }}
{{- range .Values.network.privateCidrs }}
{{- if not (regexMatch (include "gpu-dev.rangePattern" $) .) }}
{{- fail (printf "network.privateCidrs: %s is not an address range; write it as 10.0.0.0/8 or fd12:3456::/48." .) }}
{{- end }}
{{- end }}
{{- range .Values.network.dns.addresses }}
{{- if not (regexMatch (include "gpu-dev.addressPattern" $) .) }}
{{- fail (printf "network.dns.addresses: %s is not an address; write it as 169.254.20.10 or fd00::10, without a length." .) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gpu-dev.ipv4" -}}
((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.|\b)){4}
{{- end }}

{{- define "gpu-dev.ipv6" -}}
[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7}
{{- end }}

{{- define "gpu-dev.addressPattern" -}}
^({{ include "gpu-dev.ipv4" . }}|{{ include "gpu-dev.ipv6" . }})$
{{- end }}

{{/* Excludes /0: a private range that contains the whole internet would leave nothing reachable. */}}
{{- define "gpu-dev.rangePattern" -}}
^({{ include "gpu-dev.ipv4" . }}/([1-9]|[12][0-9]|3[0-2])|{{ include "gpu-dev.ipv6" . }}/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))$
{{- end }}
