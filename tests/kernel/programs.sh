# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The Go programs that are sampled here. Sourced.

# build_programs DIR [ARCH]: or status 77 and the reason.
build_programs() {
	local here name arch=${2:-$(go env GOHOSTARCH 2>/dev/null)} cc=(env)
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	if ! command -v go >/dev/null; then
		echo "There is no Go here."
		return 77
	fi
	[ "$arch" != arm64 ] || [ "$(uname -m)" = aarch64 ] || cc=(env CC=aarch64-linux-gnu-gcc)
	for name in mixed stacks cgo; do
		(cd "$here/../workloads" && GOARCH=$arch CGO_ENABLED=1 "${cc[@]}" go build -o "$1/" "./$name") || return 1
	done
	(cd "$here/signals" && GOARCH=$arch go build -o "$1/" .)
}
