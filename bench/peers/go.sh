#!/bin/sh
# SPDX-License-Identifier: MIT
# go.sh FOLDER URL TASKS CONNECTIONS: the Go client, compiled into FOLDER once.
set -eu
[ -x "$1/go-client" ] || go build -o "$1/go-client" "$(dirname "$0")/client.go"
program=$1/go-client
shift
exec "$program" "$@"
