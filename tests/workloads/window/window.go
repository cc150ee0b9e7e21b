// SPDX-License-Identifier: Apache-2.0

// Package window runs a workload for a measured window of time, with runtime/pprof over exactly
// that window.
//
// By itself a workload starts at once and exits after -duration. With -ready it is led by whoever
// measures it:
//
//	workload: "ready PID" on standard output, then idle
//	leader:   attaches its recorder, sends SIGUSR1
//	workload: starts runtime/pprof, works for -duration, prints "done", idle again
//	leader:   stops its recorder, sends SIGUSR1
//	workload: writes the profile, prints its report, exits
//
// So that recorder and runtime/pprof see the same work, and neither the start of the program nor
// the writing of the profile.
package window

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Workload is what a program does in its window.
type Workload struct {
	Workers int              // goroutines that call Step; 0: one for each P
	Step    func(worker int) // a few milliseconds of work, called again and again
	Report  func() any       // if set: printed as a line of JSON at the end
}

// Main is the whole of a workload's main function.
func Main(w Workload) {
	duration := flag.Duration("duration", 10*time.Second, "length of the window")
	profile := flag.String("cpuprofile", "", "write the window's runtime/pprof profile to `FILE`")
	ready := flag.Bool("ready", false, "print \"ready PID\" and wait for SIGUSR1, twice")
	flag.Parse()

	if runtime.GOMAXPROCS(0) > 2 {
		runtime.GOMAXPROCS(2)
	}
	if w.Workers == 0 {
		w.Workers = runtime.GOMAXPROCS(0)
	}

	wait := func(string) {}
	if *ready {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1)
		wait = func(say string) {
			fmt.Println(say)
			<-signals
		}
	}

	wait(fmt.Sprintf("ready %d", os.Getpid()))
	if *profile != "" {
		file, err := os.Create(*profile)
		Check(err)
		Check(pprof.StartCPUProfile(file))
		defer file.Close()
		defer pprof.StopCPUProfile()
	}
	run(w, *duration)
	wait("done")
	if w.Report != nil {
		Check(json.NewEncoder(os.Stdout).Encode(w.Report()))
	}
}

func run(w Workload, duration time.Duration) {
	var closed atomic.Bool
	var workers sync.WaitGroup

	time.AfterFunc(duration, func() { closed.Store(true) })
	for i := 0; i < w.Workers; i++ {
		workers.Add(1)
		go func(worker int) {
			defer workers.Done()
			for !closed.Load() {
				w.Step(worker)
			}
		}(i)
	}
	workers.Wait()
}

// Check ends the program on an error: there is nothing to measure in a workload that failed.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
