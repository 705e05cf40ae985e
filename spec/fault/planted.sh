#!/bin/sh
# SPDX-License-Identifier: MIT
# planted.sh MATRIX: what the matrix has to notice: another end than expected,
# another number of payments, a fault that did not happen, a cell without a reason.
set -eu
matrix=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')

# plant NAME FROM TO: of the row of 13-fin, submit, no lists, after.
plant() {
  row="13-fin${tab}none${tab}submit${tab}after${tab}"
  grep "^$row" "$here/expected.tsv" | sed "s/$2/$3/" >"$work/rows.tsv"
  if grep -qxFf "$here/expected.tsv" "$work/rows.tsv"; then
    echo "planted: $1: nothing was changed"
    exit 1
  fi
  if "$matrix" "$here/certs.sh" "$work/rows.tsv" "$work/seen.tsv" >"$work/out" 2>&1; then
    echo "planted: $1 is not noticed"
    exit 1
  fi
  grep -q "$4" "$work/out" || {
    echo "planted: $1 fails for another reason:"
    cat "$work/out"
    exit 1
  }
}

plant "another end" unknown_outcome network "1 differ"
plant "another payment" "1${tab}1${tab}1${tab}1" "1${tab}0${tab}1${tab}1" "1 differ"
plant "no fault" "1${tab}1${tab}1${tab}1" "0${tab}1${tab}1${tab}1" "1 differ"
plant "another count" "1${tab}1${tab}1${tab}1" "1${tab}1${tab}2${tab}1" "1 differ"
plant "no reason" "unknown_outcome${tab}1${tab}1${tab}1${tab}1" "-" "say why"
echo "planted: all noticed"
