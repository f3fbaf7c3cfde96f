# shellcheck shell=bash
# The part of make.sh that needs more tools: certtool (GnuTLS), pk12util and certutil (NSS), keytool and java with BouncyCastle,
# node with npm, wixl and gcab (GNOME), sbsign. make.sh sources it. What it makes goes to out/tools, and expected.txt there says
# which certificate the tool that made or read a file sees in it.
mkdir -p "$out/tools"
tools=$out/tools
secret=hunter2

# expect FILE PASSWORD FORMAT CERTIFICATE: the last is PEM.
expect() {
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(openssl x509 -in "$4" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')" >>"$tools/expected.txt"
}

# seen FILE PASSWORD [OPTION...] expects what openssl sees as the certificate of the key.
seen() {
  quietly openssl pkcs12 -in "$tools/$1" -passin "pass:$2" -nokeys -clcerts -legacy "${@:3}" -out seen.pem
  expect "$1" "$2" 'PKCS #12' seen.pem
}

## Certificates that crypto/x509 rejects, or that are worth a finding

# odd NAME SERIAL EXTENSION,... [OPTION...] makes tools/NAME.der, signed by intermediate or, with -signkey, by its own key.
odd() {
  local how=(-CA intermediate.pem -CAkey intermediate.key)
  [ "${4:-}" != self ] || how=(-signkey "$1.key")
  tr ';' '\n' <<<"$3" >odd.ext
  openssl req -new -config ca.cnf -key "$1.key" -subj "/C=US/O=Contoso Ltd/CN=Contoso $1" -out odd.csr
  quietly openssl x509 -req -in odd.csr "${how[@]}" -set_serial "$2" -extfile odd.ext "${@:5}" -out "$1.pem"
  openssl x509 -in "$1.pem" -outform DER -out "$tools/$1.der"
  expect "$1.der" '' DER "$1.pem"
}
signs='basicConstraints=critical,CA:FALSE;keyUsage=critical,digitalSignature;extendedKeyUsage=codeSigning'
for name in negative forever ca-true ca-long selfsigned-sha1 any-eku; do ec $name P-256; done
ec brainpool brainpoolP256r1
rsa pss-sha1 3072
odd negative -0x1234567890abcdef "$signs" ca -days 400
odd brainpool 0x2001 "$signs" ca -days 400
odd forever 0x2002 "$signs" ca -days 2900000
odd ca-true 0x2003 'basicConstraints=CA:TRUE;extendedKeyUsage=codeSigning' self -days 400
odd ca-long 0x2004 'basicConstraints=critical,CA:TRUE;extendedKeyUsage=codeSigning' ca -days 4000
odd selfsigned-sha1 0x2005 "$signs" self -days 400 -sha1
odd any-eku 0x2006 'basicConstraints=critical,CA:FALSE;extendedKeyUsage=anyExtendedKeyUsage' ca -days 400
openssl req -x509 -new -config ca.cnf -key pss-sha1.key -subj '/CN=PSS CA' -sha1 -sigopt rsa_padding_mode:pss -days 400 -out pss-ca.pem
openssl req -new -config ca.cnf -key any-eku.key -subj '/CN=Contoso pss-sha1' -out odd.csr
tr ';' '\n' <<<"$signs" >odd.ext
quietly openssl x509 -req -in odd.csr -CA pss-ca.pem -CAkey pss-sha1.key -sha1 -sigopt rsa_padding_mode:pss -set_serial 7 -extfile odd.ext -days 400 -out pss.pem
openssl x509 -in pss.pem -outform DER -out "$tools/pss-sha1.der"
expect pss-sha1.der '' DER pss.pem

base64 -w0 p256.pem >"$tools/base64-of-pem.txt"
expect base64-of-pem.txt '' PEM p256.pem
cat p256.pem brainpool.pem >"$tools/bystander.pem"
expect bystander.pem '' PEM p256.pem
{ cat p256.pem && printf -- '-----BEGIN CERTIFICATE-----\nMAAwAA==\n-----END CERTIFICATE-----\n'; } >"$tools/bystander-unreadable.pem"
expect bystander-unreadable.pem '' PEM p256.pem

## PKCS #12 by openssl

# p12 NAME PASSWORD [OPTION...]
p12() {
  openssl pkcs12 -export -inkey p256.key -in p256.pem -certfile cas.pem -passout "pass:$2" "${@:3}" -out "$tools/$1.p12"
  seen "$1.p12" "$2"
}
for cipher in AES-128-CBC AES-192-CBC AES-256-CBC DES-EDE3-CBC DES-CBC; do p12 "openssl-$cipher" $secret -legacy -keypbe $cipher -certpbe $cipher; done
for pbe in RC2-40 RC2-128 RC4-40 RC4-128 3DES 2DES; do p12 "openssl-PBE-$pbe" "$password" -legacy -keypbe "PBE-SHA1-$pbe" -certpbe "PBE-SHA1-$pbe"; done
for hash in md5 sha1 sha224 sha256 sha384 sha512 sha512-256; do p12 "openssl-mac-$hash" "$password" -macalg $hash; done
p12 openssl-astral 'pass🔑word'
p12 openssl-no-mac $secret -nomac
p12 openssl-no-iterations $secret -noiter -nomaciter
p12 openssl-plain-certificates $secret -certpbe NONE
{ cat "$tools/openssl-AES-256-CBC.p12" && head -c 40 /dev/zero; } >"$tools/trailing-zeros.p12"
seen trailing-zeros.p12 $secret
{ cat "$tools/openssl-AES-256-CBC.p12" && printf '\r\n'; } >"$tools/trailing-newline.p12"
seen trailing-newline.p12 $secret
openssl pkcs12 -export -inkey negative.key -in negative.pem -passout pass:$secret -out "$tools/negative.p12"
seen negative.p12 $secret

## PKCS #12 by GnuTLS: a safe for each certificate. What it writes without a password, openssl does not read.

gnutls() { quietly certtool --to-p12 --load-privkey p256.key --load-certificate chain.pem --p12-name leaf --outder --outfile "$tools/$1.p12" "${@:2}"; }
for cipher in 3des aes-128 aes-256 rc2-40 arcfour; do
  gnutls gnutls-$cipher --pkcs-cipher $cipher --password $secret
  quietly certtool --p12-info --inder --infile "$tools/gnutls-$cipher.p12" --password $secret
  expect gnutls-$cipher.p12 $secret 'PKCS #12' p256.pem
done
gnutls gnutls-empty --empty-password
gnutls gnutls-null --null-password
for kind in empty null; do expect gnutls-$kind.p12 '' 'PKCS #12' p256.pem; done

## PKCS #12 by NSS, in BER

openssl pkcs12 -export -inkey p256.key -in p256.pem -certfile cas.pem -name leaf -passout pass:$secret -out nss-in.p12
mkdir nss && certutil -N -d nss --empty-password && quietly pk12util -i nss-in.p12 -d nss -W $secret -K ''
for cipher in AES-128-CBC AES-256-CBC 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' 'PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC'; do
  name=nss-$(tr -dc 'A-Za-z0-9' <<<"${cipher##*And }" | tr A-Z a-z).p12
  quietly pk12util -o "$tools/$name" -n leaf -d nss -K '' -W $secret -c "$cipher" -C "$cipher"
  seen "$name" $secret
done
quietly pk12util -o "$tools/nss-plain-certificates.p12" -n leaf -d nss -K '' -W $secret -C none
seen nss-plain-certificates.p12 $secret
quietly pk12util -o "$tools/nss-not-ascii.p12" -n leaf -d nss -K '' -W "$password"
expect nss-not-ascii.p12 "$password" 'PKCS #12' p256.pem

## PKCS #12 by Java

jks() { quietly keytool -J-Duser.language=en "$@" -storepass secretsecret -noprompt; }
openssl pkcs12 -export -inkey p256.key -in p256.pem -certfile cas.pem -name leaf -passout pass:secretsecret -out java-in.p12
openssl pkcs12 -export -inkey rsa.key -in rsa.pem -name other -passout pass:secretsecret -out java-other.p12
for format in modern legacy; do
  legacy=(); [ $format = modern ] || legacy=(-J-Dkeystore.pkcs12.legacy)
  jks "${legacy[@]}" -importkeystore -srckeystore java-in.p12 -srcstorepass secretsecret -destkeystore "$tools/java-$format.p12" -deststoretype PKCS12 -deststorepass secretsecret
  keytool -exportcert -rfc -keystore "$tools/java-$format.p12" -storepass secretsecret -alias leaf >seen.pem 2>log
  expect java-$format.p12 secretsecret 'PKCS #12' seen.pem
done
cp "$tools/java-modern.p12" "$tools/java-two-keys.p12"
jks -importkeystore -srckeystore java-other.p12 -srcstorepass secretsecret -destkeystore "$tools/java-two-keys.p12" -deststorepass secretsecret
jks -importcert -alias leaf -file p256.pem -keystore "$tools/java-trust.p12" -storetype PKCS12
expect java-trust.p12 secretsecret 'PKCS #12' p256.pem
jks -importcert -alias leaf -file p256.pem -keystore "$tools/java-trust.jks" -storetype JKS
jks -importcert -alias leaf -file p256.pem -keystore "$tools/java-trust.jceks" -storetype JCEKS
jks -importkeystore -srckeystore java-in.p12 -srcstorepass secretsecret -destkeystore "$tools/java-key.jks" -deststoretype JKS -deststorepass secretsecret
jks -importcert -alias leaf -file p256.pem -keystore "$tools/java-empty.p12" -storetype PKCS12
jks -delete -alias leaf -keystore "$tools/java-empty.p12"

cp "$here/BouncyCastle.java" . # BER
for kind in PKCS12 PKCS12-DEF PKCS12-3DES-3DES PKCS12-3DES-40RC2; do
  name=bouncycastle-$(tr A-Z a-z <<<$kind).p12
  quietly java -cp /usr/share/java/bcprov.jar BouncyCastle.java java-in.p12 secretsecret $kind "$tools/$name"
  seen "$name" secretsecret
done

## PKCS #12 by node-forge

quietly npm install --no-save node-forge
for algorithm in 3des aes128 aes192 aes256; do
  NODE_PATH=$PWD/node_modules quietly node "$here/forge.js" rsa.key rsa.pem $secret $algorithm "$tools/forge-$algorithm.p12"
  seen forge-$algorithm.p12 $secret
done

## PKCS #7

cms() { openssl cms -sign -binary -nodetach -outform DER "${@:2}" -out "$tools/$1"; }
cms two-leaves.p7s -in hello -signer p256.pem -inkey p256.key -certfile rsa.pem
expect two-leaves.p7s '' 'PKCS #7' p256.pem
cms key-id.p7s -in hello -signer p256.pem -inkey p256.key -certfile rsa.pem -keyid
expect key-id.p7s '' 'PKCS #7' p256.pem
head -c 100000 /dev/zero >zeros # more than 64 KiB
cms large.p7s -in zeros -signer p256.pem -inkey p256.key -certfile cas.pem
expect large.p7s '' 'PKCS #7' p256.pem
cms odd-bystander.p7s -in hello -signer p256.pem -inkey p256.key -certfile negative.pem
expect odd-bystander.p7s '' 'PKCS #7' p256.pem
cms odd-signer.p7s -in hello -signer negative.pem -inkey negative.key -certfile cas.pem
expect odd-signer.p7s '' 'PKCS #7' negative.pem
cms catalog.cat -in hello -signer p256.pem -inkey p256.key -certfile cas.pem -econtent_type 1.3.6.1.4.1.311.10.1
expect catalog.cat '' 'PKCS #7' p256.pem
cms two-signers.p7s -in hello -signer p256.pem -inkey p256.key -signer rsa.pem -inkey rsa.key
cp "$out/chain.p7b" "$tools/chain.spc"
expect chain.spc '' 'PKCS #7' p256.pem
unzip -p "$out/signed.msix" AppxSignature.p7x >"$tools/AppxSignature.p7x"
expect AppxSignature.p7x '' 'PKCS #7' p256.pem

## Programs, installers, cabinets, scripts

# authenticode FORMAT IN NAME KIND [OPTION...]
authenticode() {
  sign "$2" "tools/$3" "$4" "${@:5}"
  expect "$3" '' "$1" "$4.pem"
}
wixl -o unsigned.msi "$here/unsigned.wxs"
authenticode MSI unsigned.msi small.msi p256
authenticode MSI unsigned.msi large.msi rsa -addUnauthenticatedBlob
cp unsigned.msi "$tools"
gcab -nc unsigned.cab hello
authenticode cabinet unsigned.cab signed.cab p256
cp unsigned.cab "$tools"

printf 'Write-Output "hello"\r\n' >crlf.ps1
printf 'Write-Output "hello"\n' >lf.psm1
printf '@{ ModuleVersion = "1.0" }\r\n' >module.psd1
printf '\xef\xbb\xbfWrite-Output "h\xc3\xa9llo"\r\n' >bom.ps1
printf '\xff\xfe' >utf16le.ps1 && iconv -t UTF-16LE crlf.ps1 >>utf16le.ps1
printf '<Types><Type/></Types>\r\n' >types.ps1xml
printf '<?xml version="1.0"?><PSConsoleFile/>\r\n' >console.psc1
printf '#pragma namespace("root")\r\n' >management.mof
for script in crlf.ps1 lf.psm1 module.psd1 bom.ps1 utf16le.ps1 types.ps1xml console.psc1 management.mof; do
  authenticode script $script $script p256
done
tail -c +3 "$tools/utf16le.ps1" >"$tools/utf16le-no-bom.ps1"
iconv -f UTF-16LE -t UTF-16BE "$tools/utf16le.ps1" >"$tools/utf16be.ps1"
tr -d '\r' <"$tools/crlf.ps1" >"$tools/all-lf.ps1"
sed -n '/SIG # Begin/,$p' "$tools/crlf.ps1" | tr -d '\r' >block
{ echo 'WScript.Echo "hello"' && sed "s/^# SIG #/'' SIG ''/; t; s/^# /'' SIG '' /" block; } | sed 's/$/\r/' >"$tools/host.vbs"
{ echo 'WScript.Echo("hello");' && sed 's!^# SIG #!// SIG //!; t; s!^# !// SIG // !' block; } | sed 's/$/\r/' >"$tools/host.js"
{ echo '<job>' && sed 's/^# SIG # Begin.*/<signature>/; t; s!^# SIG # End.*!</signature>!; t; s/^# /** SIG ** /' block && echo '</job>'; } | sed 's/$/\r/' >"$tools/host.wsf"
for script in utf16le-no-bom.ps1 utf16be.ps1 all-lf.ps1 host.vbs host.js host.wsf; do expect $script '' script p256.pem; done

quietly sbsign --key rsa.key --cert rsa.pem --output once.efi "$here/unsigned.exe"
quietly sbsign --key "$tmp/rsa2048.key" --cert rsa2048.pem --output "$tools/twice.efi" once.efi
expect twice.efi '' PE rsa.pem

mkdir download && cp rsa.pem download/contoso.crt && cp root.pem download/root.crt
(cd download && zip -q "$tools/portal-download.zip" contoso.crt root.crt)
