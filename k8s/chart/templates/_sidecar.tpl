{{/*
For the pods of an app, whose chart depends on this one with `alias: wxtoken` and `mode: sidecar`:
  initContainers:
    {{- include "wx-token-sidecar.initContainer" .Subcharts.wxtoken | nindent 8 }}
  volumes:
    {{- include "wx-token-sidecar.volumes" .Subcharts.wxtoken | nindent 8 }}
and in each container that reads the token:
  volumeMounts:
    {{- include "wx-token-sidecar.volumeMount" .Subcharts.wxtoken | nindent 12 }}
*/}}
{{- define "wx-token-sidecar.initContainer" -}}
- {{ include "wx-token-sidecar.container" . | nindent 2 | trim }}
  # This makes it a sidecar: started before the app, stopped after it, no obstacle to the end of a Job.
  restartPolicy: Always
  ports:
    - { name: wx-health, containerPort: {{ .Values.port }} }
    {{- if include "wx-token-sidecar.receives" . }}
    - { name: wx-push, containerPort: {{ .Values.pushPort }} }
    {{- end }}
  # The app starts when this succeeds: it never meets an absent file. Five minutes, since WeChat may be down just then.
  startupProbe:
    httpGet: { path: /startupz, port: wx-health }
    periodSeconds: 1
    failureThreshold: 300
  # Fails when the daemon itself stands still, never because WeChat is down.
  livenessProbe:
    httpGet: { path: /livez, port: wx-health }
    periodSeconds: 20
    timeoutSeconds: 5
  # The pod is the app's own: what its securityContext should say is said here.
  securityContext:
    {{- toYaml (omit .Values.podSecurityContext "fsGroup" "fsGroupChangePolicy" "supplementalGroups" "supplementalGroupsPolicy" "sysctls") | nindent 4 }}
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: { drop: [ALL] }
{{- end -}}

{{- define "wx-token-sidecar.volumes" -}}
# In memory: no token touches a disk of the node.
- name: wx
  emptyDir: { medium: Memory, sizeLimit: {{ .Values.volumeSize }} }
- name: wx-appsecret
  secret: { secretName: {{ include "wx-token-sidecar.appSecret" . }}, defaultMode: 0440 }
- name: wx-config
  configMap: { name: {{ include "wx-token-sidecar.fullname" . }}-config }
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "wx-token-sidecar.volumeMount" -}}
- { name: wx, mountPath: /var/run/wx, readOnly: true }
{{- end -}}
