#!/bin/sh
# build.sh DIR: the Go peer as DIR/peer, with the code that protoc makes of proto/ beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../../../proto
mkdir -p "$1"
cp "$here"/*.go "$here"/go.mod "$here"/go.sum "$1"
cd "$1"
export GOBIN="$PWD/bin" GOFLAGS=-mod=mod
go install google.golang.org/protobuf/cmd/protoc-gen-go github.com/planetscale/vtprotobuf/cmd/protoc-gen-go-vtproto
generate() # FOLDER PATH FILE...: a Go package peer/FOLDER
{
    folder=$1 path=$2
    shift 2
    set -- -I"$path" "$@"
    options=
    for file in types request validated; do
        options="$options,Mredress/v1/$file.proto=peer/redress"
    done
    options="module=peer,Mkept.proto=peer/kept$options"
    PATH=$GOBIN:$PATH protoc --go_out=. --go_opt="$options" --go-vtproto_out=. \
        --go-vtproto_opt="$options,features=marshal+unmarshal+size" "$@"
}
generate redress "$proto" redress/v1/types.proto redress/v1/request.proto redress/v1/validated.proto
generate kept "$here/.." kept.proto
go build -o peer .
