#!/bin/sh
# SPDX-License-Identifier: MIT
# certs.sh DIR: a certificate authority of the test's own, and what servers can
# show: good, expired, of another host, signed by nobody.
set -eu
cd "$1"

key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}

# sign NAME SAN DAYS
sign() {
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "$serial" \
    -days "$3" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  serial=$((serial + 1))
}

serial=1
key ca
openssl req -x509 -new -key ca.key -subj "/CN=test authority" -days 2 \
  -addext basicConstraints=critical,CA:TRUE -out ca.pem
sign good IP:127.0.0.1,DNS:localhost 2
sign expired IP:127.0.0.1,DNS:localhost -1
sign wrong DNS:other.test 2
key self
openssl req -x509 -new -key self.key -subj "/CN=127.0.0.1" -days 2 \
  -addext subjectAltName=IP:127.0.0.1 -out self.pem
