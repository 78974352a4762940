{{- define "gpu-dev.labels" -}}
app.kubernetes.io/name: gpu-dev
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The selector of one component's pods. Takes root and component. */}}
{{- define "gpu-dev.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* An image reference. Takes root, image (repository, tag, digest) and tag, the default of its tag. */}}
{{- define "gpu-dev.image" -}}
{{- $name := printf "%s:%s" .image.repository (.image.tag | default .tag | default .root.Chart.AppVersion) }}
{{- with .root.Values.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- with .image.digest }}{{ $name = printf "%s@%s" $name . }}{{ end }}
{{- $name }}
{{- end }}

{{- define "gpu-dev.controlPlaneImage" -}}
{{- include "gpu-dev.image" (dict "root" . "image" .Values.image "tag" "") }}
{{- end }}

{{/* Versioned with the control plane: the tag defaults to the control plane's, the digest does not. */}}
{{- define "gpu-dev.sshServerImage" -}}
{{- include "gpu-dev.image" (dict "root" . "image" .Values.sshServer "tag" .Values.image.tag) }}
{{- end }}

{{/* Settings of every process of the control plane. */}}
{{- define "gpu-dev.env" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.database.existingSecret | quote }}, key: {{ .Values.database.key | quote }} }
- { name: GPU_DEV_LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
{{- end }}

{{/* Settings of the processes that use the cluster. */}}
{{- define "gpu-dev.clusterEnv" -}}
{{ include "gpu-dev.env" . }}
- { name: GPU_DEV_POOL_SIZE, value: {{ .Values.database.poolSize | quote }} }
- { name: GPU_DEV_IN_CLUSTER, value: "true" }
- { name: GPU_DEV_NAMESPACE, value: {{ .Values.podNamespace.name | quote }} }
- { name: GPU_DEV_SSH_SERVER_IMAGE, value: {{ include "gpu-dev.sshServerImage" . | quote }} }
- { name: GPU_DEV_CATALOGUE, value: /etc/gpu-dev/catalogue.yaml }
{{- end }}

{{/* Pod annotations: the operator's, and a checksum that restarts the pods when the catalogue changes. */}}
{{- define "gpu-dev.podAnnotations" -}}
checksum/catalogue: {{ include (print $.Template.BasePath "/catalogue.yaml") . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Fields of every pod of the control plane. */}}
{{- define "gpu-dev.pod" -}}
# Otherwise each Service of the namespace adds environment variables, next to the configuration.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
imagePullSecrets: {{ toJson .Values.imagePullSecrets }}
nodeSelector: {{ toJson .Values.nodeSelector }}
tolerations: {{ toJson .Values.tolerations }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Fields of every container of the control plane. */}}
{{- define "gpu-dev.container" -}}
image: {{ include "gpu-dev.controlPlaneImage" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Spreads pods over zones, then nodes, if there is room. Takes root and component. */}}
{{- define "gpu-dev.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  # Each version is spread separately, so that old pods do not affect new ones during an upgrade.
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "gpu-dev.selector" $ | nindent 6 }}
{{- end }}
{{- end }}
