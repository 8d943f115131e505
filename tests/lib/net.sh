# net.sh: two hosts joined by a veth pair, with nginx on the second. Source
# after tap.sh; needs root. Names carry the pid, so runs do not meet.

NSA=nmt$$a
NSB=nmt$$b

# ns_end NS: it ends, and what runs in it
ns_end() {
	ip netns pids "$1" | xargs -r kill -9
	ip netns del "$1"
}
# net_up: client 10.77.0.1 in $NSA (interface va), server 10.77.0.2 in $NSB (vb)
net_up() {
	for n in $NSA $NSB; do
		ip netns add $n && at_exit "ns_end $n"
	done
	ip link add va netns $NSA type veth peer name vb netns $NSB
	ip -n $NSA addr add 10.77.0.1/24 dev va
	ip -n $NSB addr add 10.77.0.2/24 dev vb
	for n in $NSA $NSB; do ip -n $n link set lo up; done
	ip -n $NSA link set va up
	ip -n $NSB link set vb up
}
ina() { ip netns exec $NSA "$@"; }
inb() { ip netns exec $NSB "$@"; }

# nginx_up [NS]: a web server on port 80 whose log has one line per request:
# status, method, host, uri, number of the connection
nginx_up() {
	mkdir -p "$TMP/www/dir" "$TMP/nginx"
	echo hello > "$TMP/www/index.html"
	echo page > "$TMP/www/dir/page.html"
	head -c 20000 /dev/zero | tr '\0' x > "$TMP/www/big.txt"
	cat > "$TMP/nginx.conf" <<EOT
pid $TMP/nginx.pid;
error_log $TMP/nginx-error.log crit;
worker_processes 1;
worker_rlimit_nofile 8192;
user root;
daemon on;
events { worker_connections 4096; }
http {
	log_format t '\$status \$request_method \$host \$request_uri \$connection';
	access_log $TMP/access.log t;
	client_body_temp_path $TMP/nginx;
	proxy_temp_path $TMP/nginx;
	fastcgi_temp_path $TMP/nginx;
	uwsgi_temp_path $TMP/nginx;
	scgi_temp_path $TMP/nginx;
	keepalive_requests 10000000;
	keepalive_timeout 60s;
	server {
		listen 80 backlog=4096;
		listen [::]:80;
		root $TMP/www;
		location /teapot { return 418; }
		location /moved { return 302 /index.html; }
	}
}
EOT
	ip netns exec "${1:-$NSB}" nginx -c "$TMP/nginx.conf" || {
		not_ok "nginx did not start"; finish; }
	at_exit "kill \$(cat $TMP/nginx.pid)"
}
log_lines() { wc -l < "$TMP/access.log"; }

# ---- a router, $R, between both ----

R=nmt$$r

# wire NS1 IF1 ADDR1 NS2 IF2 ADDR2: a cable; an empty address is none
wire() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
	[ -z "$3" ] || ip -n "$1" addr add "$3" dev "$2"
	[ -z "$6" ] || ip -n "$4" addr add "$6" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}
# fresh: the three, new and without a cable
fresh() {
	[ -n "${fresh_once:-}" ] ||
	    at_exit "ns_end $NSA; ns_end $NSB; ns_end $R"
	fresh_once=yes
	for n in $NSA $NSB $R; do
		ns_end $n 2>/dev/null
		ip netns add $n
		ip -n $n link set lo up
	done
	ip netns exec $R sysctl -qw net.ipv4.ip_forward=1
}
inr() { ip netns exec $R "$@"; }
# nat RULE...: nft rules in the chains pre and post
nat() {
	inr nft add table ip nat
	inr nft 'add chain ip nat pre { type nat hook prerouting priority -100; }'
	inr nft 'add chain ip nat post { type nat hook postrouting priority 100; }'
	for rule in "$@"; do inr nft "add rule ip nat $rule"; done
}
