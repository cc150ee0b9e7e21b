// SPDX-License-Identifier: Apache-2.0

// Actor plays the programs that the tests of the command line need:
//
//	actor spin [DURATION]    works, forever or for a time
//	actor idle [DURATION]    sleeps
//	actor exec CMD [ARG...]  works for a moment, then becomes CMD
//	actor fork N ARG...      starts itself N times with ARG, one child after another
package main

import (
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"syscall"
	"time"

	"example.com/hone/workloads/window"
)

func work() {
	numbers := make([]int, 1000)
	for i := range numbers {
		numbers[i] = (i * 7919) % 1009
	}
	sort.Ints(numbers)
}

func spin(d time.Duration) {
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

func fork(args []string) {
	n, err := strconv.Atoi(args[0])
	window.Check(err)
	for i := 0; i < n; i++ {
		child := exec.Command("/proc/self/exe", args[1:]...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		window.Check(child.Run())
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: actor spin|idle|exec|fork ...")
		os.Exit(2)
	}
	fmt.Println("ready", os.Getpid())
	switch args := os.Args[2:]; os.Args[1] {
	case "spin":
		spin(duration(args))
	case "idle":
		time.Sleep(duration(args))
	case "exec":
		spin(500 * time.Millisecond)
		window.Check(syscall.Exec(args[0], args, os.Environ()))
	case "fork":
		fork(args)
	}
}
