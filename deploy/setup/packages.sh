# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# What hone's scripts install, and how. Debian 12 and 13, Ubuntu 24.04 (apt-get). Sourced.
#
# Only what is missing is installed, nothing is asked, and no package source is added to the
# system: where Go has to come from backports, apt reads that source for the one call.

# To build hone; then what the tests need besides.
build_packages=(gcc libc6-dev clang llvm meson ninja-build pkgconf bpftool
	libbpf-dev libelf-dev zlib1g-dev libdeflate-dev libjansson-dev libcurl4-openssl-dev
	libprotobuf-c-dev protobuf-c-compiler libyaml-dev libmicrohttpd-dev libgnutls28-dev libcap-ng-dev
	libseccomp-dev libsqlite3-dev nettle-dev python3 libpcre2-dev)
test_packages=(libcmocka-dev python3-yaml git make clang-format mandoc
	shellcheck gcc-aarch64-linux-gnu libc6-dev-arm64-cross procps util-linux ca-certificates openssl)

# Without these some tests are skipped: programs for arm64, other kernels, units, containers. Docker
# brings a runc of its own.
optional_packages=(curl qemu-user-static qemu-system-x86 qemu-system-arm cpio systemd libfaketime podman)
# A browser for the collector's pages; on Ubuntu it is no package of apt's.
[ ! -r /etc/os-release ] || grep -q '^ID=ubuntu' /etc/os-release || optional_packages+=(chromium chromium-driver)
command -v runc >/dev/null || optional_packages+=(runc)

# Debian 12's pkgconf is there under its old name as well; Ubuntu keeps bpftool with the kernel's tools.
setup_names() {
	local name
	for name; do
		if [ "$name" = bpftool ] && [ -r /etc/os-release ] && grep -q '^ID=ubuntu' /etc/os-release; then
			echo linux-tools-generic
		else
			echo "$name"
		fi
	done
}

setup_missing() {
	local name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			echo "$name"
	done
}

setup_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}

# setup_packages NAME...: all of them installed, or an explanation and status 1.
setup_packages() {
	local names missing
	mapfile -t names < <(setup_names "$@")
	mapfile -t missing < <(setup_missing "${names[@]}")
	[ ${#missing[@]} -eq 0 ] && return 0
	if ! command -v apt-get >/dev/null; then
		echo "Packages are missing and there is no apt-get to install them: ${missing[*]}" >&2
		return 1
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "Packages are missing; run this with sudo, or install them: ${missing[*]}" >&2
		return 1
	fi
	echo "Installing ${missing[*]}"
	setup_apt update >/dev/null &&
		setup_apt install --no-remove --no-install-recommends "${missing[@]}" >/dev/null
}

# The sanitizers of the clang that is installed: its package is named by clang's version.
setup_clang_runtime() {
	local major
	major=$(clang -dumpversion) || return 1
	setup_packages "libclang-rt-${major%%.*}-dev"
}

# Ubuntu's bpftool only starts under the kernel it came with; the program itself runs anywhere.
setup_bpftool_path() {
	local tool
	bpftool version >/dev/null 2>&1 && return 0
	for tool in /usr/lib/linux-tools-*/bpftool /usr/lib/linux-tools/*/bpftool; do
		if "$tool" version >/dev/null 2>&1; then
			PATH=$(dirname "$tool"):$PATH
			return 0
		fi
	done
	echo "bpftool is installed but does not run." >&2
	return 1
}

# True for a Go that can read a PGO profile written for today's names: 1.21 or later.
setup_go_serves() {
	local version
	version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	[[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 21 ]
}

# sudo keeps its own PATH, so the usual places are looked at too. Puts the first that serves on PATH.
setup_find_go() {
	local home go
	home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
	for go in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go \
		"$home"/sdk/go*/bin/go "$home"/.local/go/bin/go /snap/bin/go; do
		if [ -x "$go" ] && setup_go_serves "$go"; then
			PATH=$(dirname "$go"):$PATH
			return 0
		fi
	done
	return 1
}

# The mirror that this machine takes Debian from.
setup_debian_mirror() {
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
		sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null
	} | grep -v '^ *#' | grep -o 'https\?://[^ ]*/debian/\?\( \|$\)' | head -n 1
}

# Go from the distribution; Debian 12's own is too old, its backports are not.
setup_install_go() {
	local code apart mirror status
	# shellcheck source=/dev/null
	code=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	if [ "$code" != bookworm ]; then
		setup_packages golang-go
		return
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "Go 1.21 or later is missing; run this with sudo." >&2
		return 1
	fi
	apart=$(mktemp -d) && mkdir -p "$apart/lists/partial" || return 1
	mirror=$(setup_debian_mirror)
	echo "deb ${mirror:-http://deb.debian.org/debian} bookworm-backports main" >"$apart/backports.list"
	echo "Installing golang-1.23-go from bookworm-backports"
	local only=(-o "Dir::Etc::SourceList=$apart/backports.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$apart/lists" -o APT::Sandbox::User=root)
	setup_apt "${only[@]}" update >/dev/null &&
		setup_apt "${only[@]}" install --no-install-recommends golang-1.23-go >/dev/null
	status=$?
	rm -rf "$apart"
	return $status
}

# A Go of 1.21 or later on PATH, installed if need be.
setup_go() {
	setup_find_go && return 0
	setup_install_go && setup_find_go
}

# setup_user TREE, then "${as_user[@]}" COMMAND...: as the user who called sudo, if there is one and
# TREE is theirs, with our PATH. Each step of it turns into the next, so that in the background $!
# is the command's own pid.
setup_user() {
	as_user=(env)
	if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER-}" ] && [ "$(stat -c %U "$1")" = "$SUDO_USER" ]; then
		as_user=(setpriv "--reuid=$SUDO_UID" "--regid=$SUDO_GID" --init-groups
			env "HOME=$(getent passwd "$SUDO_USER" | cut -d: -f6)"
			"USER=$SUDO_USER" "LOGNAME=$SUDO_USER")
	fi
}
