// SPDX-License-Identifier: Apache-2.0

// Interrupted looks at the processor's clock all the time, and so sees when it was taken from it, and
// for how long. For each line that it reads it prints the nanoseconds of the median interruption
// since the last one, and how many there were.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

// clock counts at a constant rate, and takes no time to read.
func clock() uint64

// Shorter gaps than this are the loop itself.
const shortest = 300 * time.Nanosecond

var (
	gaps [1 << 16]uint64
	seen atomic.Uint64
	rate float64 // of clock, per nanosecond
)

func measureRate() {
	begin, ticks := time.Now(), clock()
	for time.Since(begin) < 50*time.Millisecond {
	}
	rate = float64(clock()-ticks) / float64(time.Since(begin))
}

//go:noinline
func dive(depth int) {
	if depth > 0 {
		dive(depth - 1)
		return
	}
	limit := uint64(float64(shortest) * rate)
	for last := clock(); ; {
		now := clock()
		if now-last > limit {
			gaps[seen.Load()%uint64(len(gaps))] = now - last
			seen.Add(1)
			now = clock()
		}
		last = now
	}
}

func main() {
	measureRate()
	debug.SetGCPercent(-1)
	go func() {
		runtime.LockOSThread()
		dive(12)
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		n := min(seen.Swap(0), uint64(len(gaps)))
		if n == 0 {
			fmt.Println(0, 0)
			continue
		}
		sorted := slices.Clone(gaps[:n])
		slices.Sort(sorted)
		fmt.Println(int(float64(sorted[n/2])/rate), n)
	}
}
