#!/usr/bin/env bash
# Makes the files of this directory again. The tests only read them, so this is for people who change them. It needs
# openssl 3.0, osslsigncode 2.9 or later, GNU date and iconv, and the tools that tools.sh names.
#
# Every run makes new keys, and with them all files change; names, dates and serial numbers stay. The few keys that are
# checked in are inputs of tests. They sign nothing that anybody trusts: they are worthless.
set -euo pipefail
export LC_ALL=C.UTF-8 # the password is not ASCII

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/out" "$tmp/ca"
out=$tmp/out
cd "$tmp" # keys, PEM forms and requests are made here; what is checked in goes to out

password='hunter2-Pässwörd'
signing_time=$(date -ud 2026-07-01 +%s)
leaf_dates='20260601000000Z 20270601000000Z'
ca_dates='20200101000000Z 20450101000000Z'

# quietly prints what a command says only if it fails.
quietly() { "$@" >log 2>&1 || { cat log >&2 && exit 1; }; }

## The certificates

cat >ca.cnf <<'CONF'
[req]
distinguished_name = name
string_mask = utf8only
[name]
[ca]
default_ca = ca
[ca]
database = ca/index.txt
serial = ca/serial
crlnumber = ca/crlnumber
new_certs_dir = ca
default_md = sha256
unique_subject = no
policy = any
preserve = yes
[any]
countryName = optional
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[no-eku]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[other-eku]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
touch ca/index.txt

# key NAME ALGORITHM [OPTION...] makes NAME.key.
key() { openssl genpkey -quiet -algorithm "$2" "${@:3}" -out "$1.key"; }
ec() { key "$1" EC -pkeyopt "group:$2"; }
rsa() { key "$1" RSA -pkeyopt "rsa_keygen_bits:$2"; }

# issue NAME ISSUER SERIAL "FROM TO" EXTENSIONS SUBJECT [OPTION...] makes NAME.pem and out/NAME.der for NAME.key.
# An issuer of that name makes it self-signed.
issue() {
  local name=$1 issuer=$2 from=${4% *} to=${4#* }
  local ca=(-cert "$issuer.pem" -keyfile "$issuer.key")
  [ "$name" != "$issuer" ] || ca=(-selfsign -keyfile "$name.key")
  echo "$3" >ca/serial
  openssl req -new -config ca.cnf -key "$name.key" -subj "$6" -out "$name.csr"
  quietly openssl ca -batch -config ca.cnf "${ca[@]}" -startdate "$from" -enddate "$to" -extensions "$5" "${@:7}" \
    -in "$name.csr" -notext -out "$name.pem"
  openssl x509 -in "$name.pem" -outform DER -out "$out/$name.der"
}

# leaf NAME SERIAL ["FROM TO" [EXTENSIONS [OPTION...]]]
leaf() {
  issue "$1" intermediate "$2" "${3:-$leaf_dates}" "${4:-leaf}" "/C=US/ST=Washington/L=Redmond/O=Contoso Ltd/CN=Contoso $1" "${@:5}"
}

ec root P-256
ec intermediate P-256
issue root root 0001 "$ca_dates" root '/C=US/O=Contoso Ltd/CN=Contoso Root CA'
issue intermediate root 0002 "$ca_dates" intermediate '/C=US/O=Contoso Ltd/CN=Contoso Code Signing CA'

rsa rsa 3072
ec p256 P-256
ec p384 P-384
key ed25519 ED25519
leaf rsa 1001
leaf p256 1002
leaf p384 1003
leaf ed25519 1004
ec selfsigned P-256
issue selfsigned selfsigned 1005 "$leaf_dates" leaf '/C=US/ST=Washington/L=Redmond/O=Contoso Ltd/CN=Contoso selfsigned'

# With something to find fault with.
for name in expired future long no-eku other-eku sha1; do ec $name P-256; done
rsa rsa2048 2048
ec p224 P-224
leaf expired 1101 '20240101000000Z 20250101000000Z'
leaf future 1102 '20270101000000Z 20271201000000Z'
leaf long 1103 '20260601000000Z 20280601000000Z'
leaf no-eku 1104 "$leaf_dates" no-eku
leaf other-eku 1105 "$leaf_dates" other-eku
leaf sha1 1106 "$leaf_dates" leaf -md sha1
leaf rsa2048 1107
leaf p224 1108

cat intermediate.pem root.pem >cas.pem
quietly openssl verify -x509_strict -CAfile root.pem -untrusted intermediate.pem -attime "$signing_time" {rsa,p256,p384,ed25519}.pem

# What is not a certificate.
cp p256.csr "$out/request.pem"
openssl pkey -in p256.key -pubout -out "$out/public.pem"
echo 01 >ca/crlnumber
quietly openssl ca -config ca.cnf -gencrl -cert root.pem -keyfile root.key \
  -crl_lastupdate 20260601000000Z -crl_nextupdate 20270601000000Z -out "$out/crl.pem"

## PEM and base64

utf16() { printf '\xff\xfe' && sed 's/$/\r/' "$1" | iconv -f UTF-8 -t UTF-16LE; } # as Windows PowerShell redirects
base64_of() { sed '/-----/d' "$1"; }

cp rsa.pem cas.pem "$out"
sed 's/$/\r/' rsa.pem >"$out/rsa-crlf.pem"
{ printf '\xef\xbb\xbf' && cat rsa.pem; } >"$out/rsa-bom.pem"
utf16 rsa.pem >"$out/rsa-utf16.pem"
openssl x509 -in rsa.pem -text -out "$out/rsa-text.pem"
openssl x509 -in rsa.pem -trustout -addtrust codeSigning -out "$out/rsa-trusted.pem"
base64_of rsa.pem >"$out/rsa.b64"
base64_of rsa.pem | tr -d '\n' >"$out/rsa-oneline.b64"
utf16 "$out/rsa.b64" >"$out/rsa-utf16.b64"
head -n $(($(wc -l <rsa.pem) / 2)) rsa.pem >"$out/truncated.pem"

cat p256.pem intermediate.pem root.pem | tee chain.pem >"$out/chain.pem"
cat root.pem intermediate.pem p256.pem >"$out/chain-reversed.pem"
cat "$out"/{p256,intermediate,root}.der >"$out/chain.der"
cat rsa.pem p256.pem >"$out/two-leaves.pem"

## Private keys

quietly openssl rsa -in rsa.key -traditional -out "$out/key-pkcs1.pem"
quietly openssl rsa -in rsa.key -traditional -outform DER -out "$out/key-pkcs1.der"
quietly openssl ec -in p256.key -out "$out/key-sec1.pem"
quietly openssl ec -in p256.key -outform DER -out "$out/key-sec1.der"
for form in pem der; do
  openssl pkcs8 -topk8 -in p256.key -nocrypt -outform $form -out "$out/key-pkcs8.$form"
  openssl pkcs8 -topk8 -in p256.key -passout "pass:$password" -outform $form -out "$out/key-pkcs8-encrypted.$form"
done
cat "$out/key-pkcs8.pem" p256.pem >"$out/key-first.pem"
{ cat p256.pem && openssl ecparam -name prime256v1 && cat "$out/key-sec1.pem"; } >"$out/key-last.pem"

## PKCS #7

openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out "$out/chain.p7b"
openssl crl2pkcs7 -nocrl -certfile chain.pem -out "$out/chain-pem.p7b"
sed 's/PKCS7/CERTIFICATE/' "$out/chain-pem.p7b" >"$out/chain-says-certificate.p7b" # as some CAs send it
printf hello >hello
openssl cms -sign -in hello -binary -nodetach -signer p256.pem -inkey p256.key -certfile cas.pem -outform DER -out "$out/signed.p7s"
openssl cms -sign -in hello -binary -nodetach -signer p256.pem -inkey p256.key -certfile cas.pem -outform DER -stream -out "$out/signed-ber.p7s"

## PKCS #12

# pfx FILE KIND PASSWORD [OPTION...]
pfx() {
  openssl pkcs12 -export -inkey "$2.key" -in "$2.pem" -certfile cas.pem -name "Contoso $2" -passout "pass:$3" "${@:4}" -out "$out/$1.pfx"
}
for kind in rsa p256 p384 ed25519; do pfx $kind $kind "$password"; done
pfx rsa-legacy rsa "$password" -legacy
pfx rsa-empty rsa ''
pfx rsa-nopassword-nomac rsa '' -keypbe NONE -certpbe NONE -nomac
openssl pkcs12 -export -nokeys -in chain.pem -passout "pass:$password" -out "$out/certs-only.pfx"
head -c $(($(wc -c <"$out/p256.pfx") / 2)) "$out/p256.pfx" >"$out/truncated.pfx"
openssl pkcs12 -in "$out/p256.pfx" -passin "pass:$password" -nodes -out "$out/bag.pem"

## Programs and packages

# sign IN OUT KIND [OPTION...]; without a timestamp, as that takes a network
sign() {
  quietly osslsigncode sign -certs "$3.pem" -key "$3.key" -ac cas.pem -h sha256 -time "$signing_time" "${@:4}" -in "$1" -out "$out/$2"
  quietly osslsigncode verify -CAfile root.pem -time "$signing_time" -in "$out/$2"
}
sign "$here/unsigned.exe" signed.exe rsa
sign "$here/unsigned.dll" signed-p256.dll p256
sign "$out/signed.exe" signed-nested.exe p256 -nest
sign "$here/unsigned.msix" signed.msix p256
sign "$here/unsigned.appx" signed.appx rsa
sign "$here/unsigned.msixbundle" signed.msixbundle p256

## What other tools write

# shellcheck source=tools.sh
. "$here/tools.sh"

chmod -R u=rwX,go=rX "$out" # openssl hides what holds keys
cp -r "$out/." "$here"
