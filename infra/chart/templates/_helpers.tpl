{{- define "gpu-dev.labels" -}}
app.kubernetes.io/name: gpu-dev
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* What selects the pods of one component. Takes root and component. */}}
{{- define "gpu-dev.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The reference of an image. Takes root, image (repository, tag, digest) and, for when that has no tag, the tag to take. */}}
{{- define "gpu-dev.image" -}}
{{- $name := printf "%s:%s" .image.repository (.image.tag | default .tag | default .root.Chart.AppVersion) }}
{{- with .root.Values.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- with .image.digest }}{{ $name = printf "%s@%s" $name . }}{{ end }}
{{- $name }}
{{- end }}

{{- define "gpu-dev.controlPlaneImage" -}}
{{- include "gpu-dev.image" (dict "root" . "image" .Values.image "tag" "") }}
{{- end }}

{{/* Built and versioned with the control plane, so that its tag is the other's; its digest is its own. */}}
{{- define "gpu-dev.sshServerImage" -}}
{{- include "gpu-dev.image" (dict "root" . "image" .Values.sshServer "tag" .Values.image.tag) }}
{{- end }}

{{/* Settings that every process of the control plane has. */}}
{{- define "gpu-dev.env" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.database.existingSecret | quote }}, key: {{ .Values.database.key | quote }} }
- { name: GPU_DEV_LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
{{- end }}

{{/* Of those that speak to the cluster. */}}
{{- define "gpu-dev.clusterEnv" -}}
{{ include "gpu-dev.env" . }}
- { name: GPU_DEV_POOL_SIZE, value: {{ .Values.database.poolSize | quote }} }
- { name: GPU_DEV_IN_CLUSTER, value: "true" }
- { name: GPU_DEV_NAMESPACE, value: {{ .Values.podNamespace.name | quote }} }
- { name: GPU_DEV_SSH_SERVER_IMAGE, value: {{ include "gpu-dev.sshServerImage" . | quote }} }
- { name: GPU_DEV_CATALOGUE, value: /etc/gpu-dev/catalogue.yaml }
{{- end }}

{{/* Annotations of pods: the operator's, and what makes a Deployment start anew when the catalogue changes. */}}
{{- define "gpu-dev.podAnnotations" -}}
checksum/catalogue: {{ include (print $.Template.BasePath "/catalogue.yaml") . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What all pods of the control plane have in common. */}}
{{- define "gpu-dev.pod" -}}
# Else each Service of the namespace is a few variables in the environment, which is where we are configured.
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

{{/* And all containers. */}}
{{- define "gpu-dev.container" -}}
image: {{ include "gpu-dev.controlPlaneImage" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Away from one another, as far as there is room: by zone, then by node. Takes root and component. */}}
{{- define "gpu-dev.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  # Each version is spread by itself: while one replaces the other, the old pods don't push the new ones together.
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "gpu-dev.selector" $ | nindent 6 }}
{{- end }}
{{- end }}
