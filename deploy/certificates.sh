#!/bin/sh
# Certificates for the captioner's gRPC: an authority of your own, and one certificate for each process that speaks it.
# Usage: deploy/certificates.sh FOLDER [DAYS]; then docker compose -f deploy/compose.yaml -f deploy/compose.tls.yaml up
# Run it again with the same FOLDER for new certificates of the same authority; processes read them when they start.
# Keep ca.key away from the machines that serve: whoever has it can be anybody.
set -eu
umask 077
folder=${1:?usage: certificates.sh FOLDER [DAYS]}
days=${2:-397}
mkdir -p "$folder"
cd "$folder"

if [ ! -f ca.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=Housestyle gRPC' \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout ca.key -out ca.pem 2> /dev/null
fi

# the captioner is asked by its service's name; the others are known by theirs (CAPTIONER_TLS_CLIENTS)
for name in captioner pipeline api; do
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" \
    2> /dev/null
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "extendedKeyUsage=serverAuth,clientAuth"
    echo "subjectAltName=DNS:$name"
  } > "$name.ext"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -sha256 \
    -extfile "$name.ext" -out "$name.pem" 2> /dev/null
  rm "$name.csr" "$name.ext"
done
# keys stay their owner's alone; in the images that is user 1000, so give them to it where you are another
chmod 644 ./*.pem
