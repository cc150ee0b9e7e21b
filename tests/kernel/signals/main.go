// SPDX-License-Identifier: Apache-2.0

// Signals sends itself signals without end, so that much of its time is spent in their handlers; and
// where they hit is now a goroutine at work, now the runtime itself.
package main

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func dive(depth int, f func()) {
	if depth == 0 {
		f()
		return
	}
	dive(depth-1, f)
}

var sink []byte

func main() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	go func() {
		for range c {
		}
	}()
	go dive(10, func() {
		for {
			sink = make([]byte, 1<<14)
		}
	})
	runtime.LockOSThread()
	pid, tid := syscall.Getpid(), syscall.Gettid()
	dive(20, func() {
		for {
			syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(tid), uintptr(syscall.SIGUSR1))
		}
	})
}
