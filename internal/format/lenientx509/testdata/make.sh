#!/usr/bin/env bash
# Makes the certificates of this directory and openssl.txt, which says what openssl reads in them. It needs openssl 3.0.
# The keys are not kept.
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# make NAME SERIAL SUBJECT ALGORITHM [GENPKEY-OPTION...]
make() {
  openssl genpkey -quiet -algorithm "$4" "${@:5}" -out "$tmp/key" 2>/dev/null
  if [ "$1" = compressed ]; then openssl ec -in "$tmp/key" -conv_form compressed -out "$tmp/key" 2>/dev/null; fi
  openssl req -x509 -new -key "$tmp/key" -set_serial "$2" -days 365 -subj "$3" -utf8 -config <(printf '[req]\ndistinguished_name=n\n[n]\n') \
    -addext extendedKeyUsage=codeSigning -addext basicConstraints=critical,CA:TRUE -addext subjectKeyIdentifier=hash -outform DER -out "$1.der"
}

make negative -0x1234567890abcdef '/C=US/CN=Negative' RSA -pkeyopt rsa_keygen_bits:2048
make negative-one -1 '/C=US/CN=Negative one' EC -pkeyopt group:P-256
make negative-16-octets -0x7f00000000000000000000000000aaaa '/C=US/CN=Negative long' EC -pkeyopt group:P-256
make zero 0 '/C=US/CN=Zero' EC -pkeyopt group:P-256
make long 0x7f0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f '/C=US/CN=Long' EC -pkeyopt group:P-256
make brainpool 17 '/C=US/CN=Brainpool' EC -pkeyopt group:brainpoolP256r1
make brainpool-negative -17 '/C=US/CN=Brainpool negative' EC -pkeyopt group:brainpoolP384r1
make secp256k1 17 '/C=US/CN=secp256k1' EC -pkeyopt group:secp256k1
make explicit 17 '/C=US/CN=Explicit' EC -pkeyopt group:P-256 -pkeyopt ec_param_enc:explicit
make compressed 17 '/C=US/CN=Compressed' EC -pkeyopt group:P-384
make ed448 17 '/C=US/CN=Ed448' ED448
make pss 17 '/C=US/CN=PSS' RSA-PSS -pkeyopt rsa_keygen_bits:2048

for file in *.der; do
  echo "file=$file"
  openssl x509 -inform DER -in "$file" -noout -serial -subject -nameopt RFC2253 -fingerprint -sha1 | sed 's/^sha1 Fingerprint/sha1/'
  echo
done >openssl.txt
