// SPDX-License-Identifier: Apache-2.0

// Clock does five kinds of work in turn on one thread, and measures by the thread's CPU clock what
// each of them takes: the truth by which the shares in a profile can be judged. Its report gives the
// seconds of each phase by the name of the function that the phase's samples have in their stacks.
package main

import (
	"bytes"
	"compress/flate"
	"runtime"
	"syscall"
	"unsafe"

	"example.com/hone/workloads/window"
)

const clockThreadCPU = 3 // CLOCK_THREAD_CPUTIME_ID

func threadTime() int64 {
	var t syscall.Timespec
	_, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU,
		uintptr(unsafe.Pointer(&t)), 0)
	if e != 0 {
		window.Check(e)
	}
	return t.Nano()
}

var sink uint64

//go:noinline
func phaseLoop() {
	x := sink | 1
	for i := 0; i < 5000000; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink = x
}

//go:noinline
func phaseSyscalls() {
	for i := 0; i < 20000; i++ {
		syscall.Getppid()
	}
}

const arena = 2048 * 4096

//go:noinline
func phaseFaults() {
	m, err := syscall.Mmap(-1, 0, arena, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	window.Check(err)
	window.Check(syscall.Madvise(m, 15)) // MADV_NOHUGEPAGE
	for i := 0; i < len(m); i += 4096 {
		m[i] = 1
	}
	window.Check(syscall.Munmap(m))
}

var (
	plain  = bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog, again and "), 400)
	packed bytes.Buffer
	writer *flate.Writer
)

//go:noinline
func phaseFlate() {
	for i := 0; i < 60; i++ {
		packed.Reset()
		writer.Reset(&packed)
		_, err := writer.Write(plain)
		window.Check(err)
		window.Check(writer.Close())
	}
}

type cell struct {
	next *cell
	data [10]uint64
}

var kept *cell

//go:noinline
func phaseAllocation() {
	kept = nil
	for i := 0; i < 60000; i++ {
		kept = &cell{next: kept}
	}
}

var phases = []struct {
	name string
	run  func()
}{
	{"main.phaseLoop", phaseLoop},
	{"main.phaseSyscalls", phaseSyscalls},
	{"main.phaseFaults", phaseFaults},
	{"main.phaseFlate", phaseFlate},
	{"main.phaseAllocation", phaseAllocation},
}

func main() {
	var err error
	writer, err = flate.NewWriter(&packed, flate.BestSpeed)
	window.Check(err)

	seconds := map[string]float64{}
	var locked bool
	window.Main(window.Workload{
		Workers: 1,
		Step: func(int) {
			if !locked {
				runtime.LockOSThread()
				locked = true
			}
			for _, p := range phases {
				start := threadTime()
				p.run()
				seconds[p.name] += float64(threadTime()-start) / 1e9
			}
		},
		Report: func() any { return seconds },
	})
}
