module gpu-dev/test/cluster/tools/snapshotter

go 1.26.0

// For its custom resource definitions alone: nothing of it is built.
require github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0
