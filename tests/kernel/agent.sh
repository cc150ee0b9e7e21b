# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# hone-agent as its unit starts it, in the virtual machine: without a limit on locked memory, and with the
# unit's capabilities, where there is a setpriv that can take the others away. Sourced.
mkdir /store
# Debian's kernel refuses CAP_PERFMON alone above that.
echo 2 >/proc/sys/kernel/perf_event_paranoid
: >log
# shellcheck disable=SC3045
ulimit -l unlimited # busybox has it
[ ! -x ./setpriv ] || set -- ./setpriv --bounding-set -all,+bpf,+perfmon,+sys_ptrace,+dac_read_search,+checkpoint_restore
"$@" ./hone-agent --store file:///store --spool "" --listen "" --window 1h >log 2>&1 &
agent=$!
until grep ' runs' log; do
	kill -0 $agent || { cat log && exit 1; }
	sleep 0.2
done
./mixed >/dev/null 2>&1 &
sleep 3
kill $!
kill -TERM $agent
wait $agent || { cat log && exit 1; }
echo /store/*
set -- /store/mixed_*
test -s "$1"
