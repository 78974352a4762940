{{- define "gpu-dev.labels" -}}
app.kubernetes.io/name: gpu-dev
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "gpu-dev.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Settings that every process of the control plane has. */}}
{{- define "gpu-dev.env" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.database.existingSecret }}, key: {{ .Values.database.key }} }
- { name: GPU_DEV_LOG_LEVEL, value: {{ .Values.logLevel }} }
{{- end }}

{{/* Of those that speak to the cluster. */}}
{{- define "gpu-dev.clusterEnv" -}}
{{ include "gpu-dev.env" . }}
- { name: GPU_DEV_IN_CLUSTER, value: "true" }
- { name: GPU_DEV_NAMESPACE, value: {{ .Values.podNamespace.name }} }
- { name: GPU_DEV_SSH_SERVER_IMAGE, value: {{ printf "%s:%s" .Values.sshServer.repository (.Values.sshServer.tag | default .Values.image.tag | default .Chart.AppVersion) | quote }} }
- { name: GPU_DEV_CATALOGUE, value: /etc/gpu-dev/catalogue.yaml }
{{- end }}

{{- define "gpu-dev.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "gpu-dev.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Away from one another, as far as there is room: by zone, then by node. */}}
{{- define "gpu-dev.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ $.root.Release.Name }}
      app.kubernetes.io/component: {{ $.component }}
{{- end }}
{{- end }}
