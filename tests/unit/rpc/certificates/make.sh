#!/bin/sh
# Makes the certificates of the TLS tests anew, valid until 2126 but for those that must not be. Needs openssl >= 3.0.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index.txt"
cat > "$work/ca.conf" <<CONF
[ca]
default_ca = x
[x]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
commonName = test
CONF
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() { # NAME
    key "$1"
    openssl req -new -x509 -key "$1.key" -subj "/CN=$1" -days 36500 -out "$1.pem" -config "$work/ca.conf" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}
signed() { # NAME ALTNAME START END
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -addext "subjectAltName=$2" -out "$work/$1.csr" -config "$work/ca.conf"
    openssl ca -batch -notext -config "$work/ca.conf" -cert ca.pem -keyfile ca.key -in "$work/$1.csr" -out "$1.pem" \
        -startdate "$3" -enddate "$4" 2>/dev/null
}
authority ca
authority other_ca
signed good "IP:127.0.0.1,DNS:localhost" 20200101000000Z 21260101000000Z
signed wrong_name "DNS:elsewhere.example" 20200101000000Z 21260101000000Z
signed expired "IP:127.0.0.1" 20200101000000Z 20210101000000Z
signed not_yet_valid "IP:127.0.0.1" 21200101000000Z 21260101000000Z
signed client "DNS:client" 20200101000000Z 21260101000000Z
key self_signed
openssl req -new -x509 -key self_signed.key -subj "/CN=self" -days 36500 -out self_signed.pem -config "$work/ca.conf" \
    -addext "subjectAltName=IP:127.0.0.1"
rm ca.key other_ca.key
