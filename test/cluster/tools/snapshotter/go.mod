module gpu-dev/test/cluster/tools/snapshotter

go 1.26.0

// Only its custom resource definitions are used; nothing is built.
require github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0
