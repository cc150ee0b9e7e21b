// SPDX-License-Identifier: Apache-2.0

// Actor plays the programs that the tests of the command line need:
//
//	actor spin [DURATION]    sorts, forever or for a time
//	actor hash [DURATION]    does other work
//	actor idle [DURATION]    sleeps
//	actor timed DURATION     sorts, and tells how many ns of CPU time that took
//	actor pulse WORK PAUSE   sorts for a time and sleeps for a time, forever
//	actor exec CMD [ARG...]  works for a moment, then becomes CMD
//	actor fork N ARG...      starts itself N times with ARG, one child after another
//	actor gate N             waits for the end of its input, then sorts N times; timed, too
//	actor deep N DURATION    sorts below N calls of itself, with 64 KiB of stack for 512 of them
//	actor threads N DURATION sorts in N threads
package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"example.com/hone/workloads/window"
)

func work() {
	numbers := make([]int, 1000)
	for i := range numbers {
		numbers[i] = (i * 7919) % 1009
	}
	sort.Ints(numbers)
}

func digest() {
	h := fnv.New64a()
	for i := 0; i < 1000; i++ {
		h.Write([]byte{byte(i)})
	}
}

func spin(d time.Duration, work func()) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		work()
	}
}

func duration(args []string) time.Duration {
	if len(args) == 0 {
		return time.Hour
	}
	d, err := time.ParseDuration(args[0])
	window.Check(err)
	return d
}

// threadTime is the CPU time of the thread so far, in ns.
func threadTime() int64 {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	_, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0)
	if e != 0 {
		window.Check(e)
	}
	return t.Nano()
}

// timed is in the stack of each sample taken between the two looks at the clock, and of no other.
//
//go:noinline
func timed(work func()) { work() }

func tell(work func()) {
	runtime.LockOSThread() // begins a thread, which takes a while
	begin := threadTime()
	timed(work)
	end := threadTime()
	fmt.Println(end - begin)
}

func pulse(args []string) {
	for {
		spin(duration(args), work)
		time.Sleep(duration(args[1:]))
	}
}

func fork(args []string) {
	runtime.LockOSThread() // the children die with the thread that started them
	n, err := strconv.Atoi(args[0])
	window.Check(err)
	for i := 0; i < n; i++ {
		child := exec.Command("/proc/self/exe", args[1:]...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		window.Check(child.Run())
	}
}

func gate(args []string) {
	n, err := strconv.Atoi(args[0])
	window.Check(err)
	io.Copy(io.Discard, os.Stdin)
	tell(func() {
		for i := 0; i < n; i++ {
			work()
		}
	})
}

//go:noinline
func deep(n int, below func()) (sum int) {
	var frame [12]int
	frame[n%12] = n
	if n == 0 {
		below()
	} else {
		sum = deep(n-1, below)
	}
	return sum + frame[sum%12]
}

func threads(args []string) {
	n, err := strconv.Atoi(args[0])
	window.Check(err)
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func() {
			runtime.LockOSThread()
			spin(duration(args[1:]), work)
			all.Done()
		}()
	}
	all.Wait()
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: actor spin|hash|idle|timed|pulse|exec|fork|gate|deep|threads ...")
		os.Exit(2)
	}
	fmt.Println("ready", os.Getpid())
	switch args := os.Args[2:]; os.Args[1] {
	case "spin":
		spin(duration(args), work)
	case "hash":
		spin(duration(args), digest)
	case "idle":
		time.Sleep(duration(args))
	case "timed":
		tell(func() { spin(duration(args), work) })
	case "pulse":
		pulse(args)
	case "exec":
		spin(500*time.Millisecond, work)
		window.Check(syscall.Exec(args[0], args, os.Environ()))
	case "fork":
		fork(args)
	case "gate":
		gate(args)
	case "deep":
		n, err := strconv.Atoi(args[0])
		window.Check(err)
		deep(n, func() { spin(duration(args[1:]), work) })
	case "threads":
		threads(args)
	}
}
