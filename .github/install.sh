#!/usr/bin/env bash
# Downloads intune-cert for the runner's system, checks its SHA-256 sum, and puts it on the PATH of the job's later steps.
#
#     install.sh URL-OF-THE-RELEASES VERSION
#
# action.yml runs it, on Linux, macOS and Windows.
set -euo pipefail
releases=$1 version=$2

[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "::error::not a version: $version"; exit 1; }
case $RUNNER_OS in
  Linux) system=linux archive=tar.gz program=intune-cert ;;
  macOS) system=darwin archive=tar.gz program=intune-cert ;;
  Windows) system=windows archive=zip program=intune-cert.exe ;;
  *) echo "::error::there is no intune-cert for $RUNNER_OS"; exit 1 ;;
esac
case $RUNNER_ARCH in
  X64) system+=_amd64 ;;
  ARM64) system+=_arm64 ;;
  *) echo "::error::there is no intune-cert for $RUNNER_ARCH"; exit 1 ;;
esac
archive=intune-cert_${version#v}_$system.$archive

folder=$(mktemp -d "$RUNNER_TEMP/intune-cert.XXXXXX")
cd "$folder"
for file in "$archive" SHA256SUMS; do
  url=$releases/$version/$file
  curl --fail --silent --show-error --location --retry 3 --remote-name "$url" ||
    { echo "::error::cannot download intune-cert $version from $url"; exit 1; }
done
check=(sha256sum --check)
command -v sha256sum >/dev/null || check=(shasum -a 256 -c) # macOS
grep " $archive\$" SHA256SUMS | "${check[@]}" - || { echo "::error::$archive has the wrong SHA-256 sum"; exit 1; }
case $archive in
  *.zip) unzip -q "$archive" "$program" ;;
  *) tar -xzf "$archive" "$program" ;;
esac
rm "$archive" SHA256SUMS
echo "$folder" >>"$GITHUB_PATH"
