#!/bin/sh
# run.sh BUILD: has the programs there, which count what runs often, read a
# capture of each kind, with and without what only a configuration turns on.
# Each writes its counts beside its objects.
umask 022	# netmond reads no configuration that a group can write
set -eu
echo "memory limit 256M" > "$1/netmond.conf"
for kind in web tiny conns; do
	"$1/tests/bench/gen_pcap" $kind 32M > "$1/$kind.pcap"
	for conf in "" "-f $1/netmond.conf"; do
		timeout -k 5 120 "$1/netmond" $conf -r "$1/$kind.pcap" \
		    -o json > "$1/$kind.json"
	done
	rm "$1/$kind.pcap"
done
ls "$1/capture/capture.gcda" "$1/analyzer/analyzer.gcda" "$1/mirror/mirror.gcda"
touch "$1/done"
