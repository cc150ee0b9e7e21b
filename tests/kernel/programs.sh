# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The Go programs that are sampled here. Sourced.

# build_programs DIR: or status 77 and the reason.
build_programs() {
	local here name
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	if ! command -v go >/dev/null; then
		echo "There is no Go here."
		return 77
	fi
	for name in mixed stacks cgo; do
		(cd "$here/../workloads" && CGO_ENABLED=1 go build -o "$1/" "./$name") || return 1
	done
	(cd "$here/signals" && go build -o "$1/" .)
}
