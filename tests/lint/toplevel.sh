#!/bin/sh
# toplevel: what stands there is what a reader expects, and nothing else.
cd "$(dirname "$0")/../.." || exit 1
[ -e .git ] || exit 0
git ls-files | sed 's|/.*|/|' | sort -u | grep -v -x -e 'GNUmakefile' \
    -e 'README\.md' -e 'CHANGES\.md' -e 'LICENSE' -e '\.[a-z]*/*' \
    -e 'capture/' -e 'parent/' -e 'analyzer/' -e 'ui/' -e 'mirror/' \
    -e 'sandbox/' -e 'etc/' -e 'tests/' -e 'rc/' | {
	bad=0
	while read -r f; do
		echo "$f: does not belong at the top level"
		bad=1
	done
	exit $bad
}
