#!/bin/sh
# packages.sh build|test: installs the Debian packages that are missing, by
# apt, without starting a service of any of them.
set -eu

build="gcc libc6-dev make pkg-config bison libpcap-dev libevent-dev
    libseccomp-dev libcap-dev libncurses-dev"
run="nginx-light curl nghttp2-client iproute2 util-linux passwd"
test="clang llvm libclang-rt-dev libcmocka-dev libhttp-parser-dev mandoc jq
    libnghttp2-dev nghttp2-server nghttp2-proxy
    python3 nginx-light lighttpd haproxy openssl curl nghttp2-client
    apache2-utils iproute2 util-linux rsyslog rsyslog-relp bsdutils procps systemd passwd
    libcap2-bin ethtool nftables locales ngtcp2-client ngtcp2-server
    iputils-ping dnsmasq-base tshark"

case "${1:-}" in
build)	want="$build" ;;
run)	want="$build $run" ;;
test)	want="$build $test" ;;
list)	echo $build $run $test | tr ' ' '\n' | sort -u; exit 0 ;;
*)	echo "usage: packages.sh build|run|test|list" >&2; exit 64 ;;
esac

missing=
for p in $want; do
	case "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" in
	"install ok installed") ;;
	*) missing="$missing $p" ;;
	esac
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
	echo "packages.sh: missing:$missing" >&2
	echo "packages.sh: run as root, or: apt-get install$missing" >&2
	exit 77
fi

echo "installing:$missing"
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' > $policy
	chmod 755 $policy
	made=1
fi
trap '[ -z "$made" ] || rm -f $policy' EXIT INT TERM
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update && apt-get install -y --no-install-recommends $missing
    } > "$log" 2>&1; then
	tail -20 "$log" >&2
	rm -f "$log"
	echo "packages.sh: apt could not install:$missing" >&2
	exit 1
fi
rm -f "$log"

# What came with a service does not start at the next boot either.
for p in $missing; do
	case $p in
	nginx-light) service=nginx ;;
	ngtcp2-server) service=ngtcp2d ;;
	nghttp2-proxy) service=nghttpx ;;
	lighttpd|haproxy|rsyslog|nftables) service=$p ;;
	*) continue ;;
	esac
	update-rc.d "$service" disable > /dev/null 2>&1 || :
	deb-systemd-helper disable "$service.service" > /dev/null 2>&1 || :
done
