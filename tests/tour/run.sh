#!/bin/sh
# The newcomer's tour: starts a small web server and a load on the loopback,
# netmond jailed beside them, and repaints `netmonctl show` until Ctrl-C.
# Nothing stays behind. netmond runs unprivileged with ambient CAP_NET_RAW:
# as the user who called sudo, else as nobody.
umask 022	# netmond reads no configuration that a group can write
set -u
: "${BUILD:=build}"
: "${TOUR_SECONDS:=0}"		# 0: until Ctrl-C
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac

if [ "$(id -u)" != 0 ]; then
	echo "make run: reading packets needs root once; try: sudo make run" >&2
	exit 77
fi
uid=${SUDO_UID:-$(id -u nobody)}
gid=${SUDO_GID:-$(id -g nobody)}
[ "$uid" != 0 ] || { uid=$(id -u nobody); gid=$(id -g nobody); }

tmp=$(mktemp -d /tmp/netmon-tour.XXXXXX)
netmond= nginx= load= show=
clean() {
	trap - EXIT INT TERM HUP
	for p in $show $load $netmond $nginx; do kill "$p" 2>/dev/null; done
	for p in $show $load $netmond $nginx; do wait "$p" 2>/dev/null; done
	rm -rf "$tmp"
	exit "${1:-0}"
}
trap 'clean 0' INT TERM HUP
trap 'clean 1' EXIT

# From a copy, so that a build tree in a private home works too.
mkdir "$tmp/bin"
cp "$BUILD"/netmond "$BUILD"/netmond-* "$BUILD/netmonctl" "$tmp/bin/"
mkdir "$tmp/run" "$tmp/www" "$tmp/www/shop" "$tmp/nginx"
chmod 755 "$tmp"
chown "$uid:$gid" "$tmp/run"
echo "hello from netmon's tour" > "$tmp/www/index.html"
echo "a cart" > "$tmp/www/shop/cart"
cat > "$tmp/nginx.conf" <<EOT
pid $tmp/nginx.pid;
error_log $tmp/nginx.log crit;
daemon off;
user nobody nogroup;
worker_processes 1;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $tmp/nginx;
	proxy_temp_path $tmp/nginx;
	fastcgi_temp_path $tmp/nginx;
	uwsgi_temp_path $tmp/nginx;
	scgi_temp_path $tmp/nginx;
	server {
		listen 127.0.0.1:18080;
		root $tmp/www;
		location /old { return 302 /index.html; }
		location /broken { return 503; }
	}
}
EOT
nginx -c "$tmp/nginx.conf" 2> "$tmp/nginx.err" & nginx=$!

cat > "$tmp/netmond.conf" <<EOT
control socket "$tmp/run/control.sock"
interface "lo"
EOT
setpriv --reuid "$uid" --regid "$gid" --clear-groups \
    --inh-caps -all,+net_raw --ambient-caps -all,+net_raw \
    --bounding-set -all,+net_raw --no-new-privs \
    "$tmp/bin/netmond" -d -F -f "$tmp/netmond.conf" 2> "$tmp/netmond.log" &
netmond=$!

(
	trap 'exit 0' TERM INT
	while :; do
		for u in / / / /shop/cart /shop/cart?item=1 /old /missing /broken; do
			curl -s -o /dev/null -H "Host: www.example.test" \
			    "http://127.0.0.1:18080$u"
			curl -s -o /dev/null -X HEAD -I -H "Host: api.example.test" \
			    "http://127.0.0.1:18080$u"
		done
	done
) & load=$!

n=0
until "$BUILD/netmonctl" -s "$tmp/run/control.sock" show version \
    > /dev/null 2>&1; do
	n=$((n + 1))
	if [ $n -gt 100 ] || ! kill -0 "$netmond" 2>/dev/null; then
		echo "make run: netmond did not start:" >&2
		cat "$tmp/netmond.log" "$tmp/nginx.err" >&2
		clean 1
	fi
	sleep 0.1
done

echo "netmond watches the loopback; a small load asks http://127.0.0.1:18080."
echo "In another terminal, as root: $BUILD/netmonctl -s $tmp/run/control.sock show hosts"
echo "Ctrl-C ends everything and removes $tmp."
sleep 2
"$BUILD/netmonctl" -i 2 -s "$tmp/run/control.sock" show & show=$!
if [ "$TOUR_SECONDS" -gt 0 ]; then
	sleep "$TOUR_SECONDS"
	clean 0
fi
wait $show
clean 0
