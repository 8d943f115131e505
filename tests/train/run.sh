#!/bin/sh
# run.sh BUILD: has the programs there, which count what runs often, read a
# capture of each kind. Each writes its counts beside its objects.
set -eu
for kind in web tiny conns; do
	"$1/tests/bench/gen_pcap" $kind 32M > "$1/$kind.pcap"
	timeout 120 "$1/netmond" -r "$1/$kind.pcap" -o json > "$1/$kind.json"
	rm "$1/$kind.pcap"
done
