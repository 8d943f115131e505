#!/bin/sh
# arrows: who may include whom (the order of each folder's modules is in
# tests/lint/arrows.txt; a module includes only what stands before it).
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
say() { echo "$1"; bad=1; }

for f in sandbox/*.[ch] parent/*.[chy] capture/*.[ch] analyzer/*.[ch] \
    mirror/*.[ch] ui/*.[ch]; do
	dir=${f%%/*}
	mod=$(basename "$f" | sed 's/\.[a-z]*$//')
	for inc in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$f"); do
		idir=${inc%%/*}
		imod=$(basename "$inc" .h)
		[ -f "$inc" ] || { say "$f: includes $inc, which is not there"; continue; }
		case "$dir:$idir" in
		"$dir:$dir"|*:sandbox) ;;
		ui:mirror) [ "$imod" = record ] || [ "$imod" = reply ] ||
			say "$f: ui reads only mirror/record and reply, not $inc" ;;
		mirror:analyzer) [ "$imod" = http ] ||
			say "$f: mirror reads only analyzer/http, not $inc" ;;
		*) say "$f: $dir must not include $inc" ;;
		esac
		[ "$dir" = "$idir" ] && [ "$mod" != "$imod" ] || continue
		order=$(sed -n "s/^$dir: //p" tests/lint/arrows.txt)
		[ -n "$order" ] || continue
		a=0 b=0 i=0
		for m in $order; do
			i=$((i + 1))
			[ "$m" != "$mod" ] || a=$i
			[ "$m" != "$imod" ] || b=$i
		done
		[ $a -gt 0 ] || { say "$f: $mod is not in tests/lint/arrows.txt"; continue; }
		[ $b -gt 0 ] || { say "$f: $imod is not in tests/lint/arrows.txt"; continue; }
		[ $b -lt $a ] || say "$f: includes $inc against the arrow"
	done
done
for f in analyzer/packet.c analyzer/link.c analyzer/tunnel.c analyzer/frag.c \
    analyzer/flow.c analyzer/flowseg.c analyzer/flowseen.c \
    analyzer/flowmask.c analyzer/flowtrust.c analyzer/flowfeed.c \
    analyzer/flowack.c analyzer/flowsyn.c analyzer/flowinfo.c analyzer/reass.c \
    analyzer/octet.c analyzer/http*.c analyzer/body.c analyzer/tls.c \
    analyzer/session.c analyzer/hpack.c analyzer/head2.c analyzer/h2.c \
    analyzer/rule.c analyzer/sketch*.c analyzer/vec.c \
    analyzer/pane.c analyzer/meter*.c analyzer/alert.c analyzer/ended.c \
    mirror/record.c mirror/line.c mirror/community.c mirror/eve_rows.c \
    mirror/access.c mirror/eve.c mirror/gaps.c mirror/framer.c \
    mirror/reply.c mirror/compare.c mirror/backlog.c mirror/rules.c \
    mirror/headline.c \
    sandbox/buf.c sandbox/frame.c \
    sandbox/msg.c sandbox/target.c; do
	grep -nE '#include <event2/|sandbox/log\.h|clock_gettime|gettimeofday|getenv|fopen' "$f" |
	    sed "s|^|$f: a pure module must not: |" | grep . && bad=1
done
exit $bad
