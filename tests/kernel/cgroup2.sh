#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cgroup2.sh: what tests/kernel/cgroup2 does in its virtual machine, with cgroup v2 alone. In the folder
# are the agent's configurations, one a round, and "places": NAME PATH of a cgroup in each line.
#
# Prints what the test reads: "used ROUND NAME NANOSECONDS", CPU time that an actor measured;
# "status ROUND WHEN JSON"; "profile ROUND FILE BASE64".
set -u
root=/sys/fs/cgroup

fail() {
	echo "$*"
	cat log
	exit 1
}

# in_cgroup PATH COMMAND...: it is in there before it runs.
in_cgroup() {
	folder=$root/$1
	shift
	mkdir -p "$folder"
	# shellcheck disable=SC2016
	sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$folder" "$@"
}

# used ROUND NAME PATH TIME
used() {
	echo "used $1 $2 $(in_cgroup "$3" ./actor timed "$4" | tail -n 1)"
}

status() {
	echo "status $1 $2 $(./hone-agent status --json --address 127.0.0.1:7071 | tr -d '\n')"
}

# What is ignored is sampled until the agent has looked at it.
ignored() {
	in_cgroup system.slice/ignored.service ./actor spin 1s
	sleep 2
	status "$1" before
	in_cgroup system.slice/ignored.service ./actor spin 1s
	sleep 2
	status "$1" after
}

# Programs that are gone before anybody looks at them, and then their cgroup.
brief() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		used "$1" brief "$2" 100ms
	done
	rmdir "$root/$2"
}

# round NAME COMMAND...: everything once, with the agent started by the command.
round() {
	round=$1
	shift
	: >log
	"$@" ./hone-agent --config "$round.yaml" >log 2>&1 &
	job=$!
	until grep -q ' runs' log; do
		kill -0 $job || fail "hone-agent ended"
		sleep 0.1
	done
	while read -r name path; do
		case $name in
		brief) brief "$round" "$path" ;;
		*) used "$round" "$name" "$path" 500ms ;;
		esac
	done <places
	ignored "$round"
	kill -TERM "$(pidof hone-agent)"
	wait $job || fail "hone-agent ended with status $?"
	for file in "/store/$round"/*; do
		echo "profile $round $(basename "$file") $(base64 "$file" | tr -d '\n')"
	done
	grep -v level=info log
}

mount -t cgroup2 none $root || exit 1
ip link set lo up
mkdir -p /store /host
ln -s $root /host/cgroup
echo "kernel $(uname -r)"
echo "cgroup $(cat /proc/self/cgroup)"

# Debian's kernel takes CAP_PERFMON for nothing above 2, and 3 is its default.
unit="./setpriv --bounding-set -all,+bpf,+perfmon,+sys_ptrace,+dac_read_search,+checkpoint_restore"
echo "paranoid $(cat /proc/sys/kernel/perf_event_paranoid)"
: >log
! $unit ./hone-agent --config host.yaml 2>log || fail "hone-agent needs no sysctl any more"
echo "refused $(cat log)"
echo 2 >/proc/sys/kernel/perf_event_paranoid
# shellcheck disable=SC2086
round host $unit
echo 3 >/proc/sys/kernel/perf_event_paranoid
# As in a pod: a namespace of its own, and the host's hierarchy mounted from outside.
round pod in_cgroup kubepods/burstable/pod00000000-0000-0000-0000-00000000a9e7/a9e7 ./unshare --cgroup
exit 0
