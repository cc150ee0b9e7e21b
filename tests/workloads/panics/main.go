// SPDX-License-Identifier: Apache-2.0

// Panics recovers from panics of every kind: explicit ones, those of the runtime, and faults.
package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.com/hone/workloads/window"
)

type leaf struct {
	name string
	next *leaf
}

// length faults at the end of the list: a nil pointer is read.
func (l *leaf) length() int { return len(l.name) + l.next.length() }

// touch faults without a call in between, so the fault has no frame of its own below.
func touch(l *leaf) int { return len(l.next.name) }

func index(numbers []int, at int) int { return numbers[at] }

func divide(a, b int) int { return a / b }

func convert(v any) string { return v.(fmt.Stringer).String() }

var errDeep = errors.New("deep")

func dive(depth int) {
	defer func(text string) { _ = strings.ToUpper(text) }(strconv.Itoa(depth))
	if depth == 0 {
		panic(errDeep)
	}
	dive(depth - 1)
}

// again panics anew in a deferred call.
func again() {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprint("again: ", r))
		}
	}()
	panic("once")
}

// caught runs @f and says what it panicked with.
func caught(f func()) (reason string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			reason = r.Error()
		default:
			reason = fmt.Sprint(r)
		}
	}()
	f()
	return "nothing"
}

// many keeps defers in a loop, so that they live on the heap.
func many(n int) (sum int) {
	for i := 0; i < n; i++ {
		defer func(i int) { sum += len(strconv.Itoa(i)) }(i)
	}
	return 0
}

func must(f func()) {
	if caught(f) == "nothing" {
		panic("did not panic")
	}
}

// The kernel takes far longer to deliver a fault than the runtime to make a panic of it, so faults
// are the rarer ones here.
func step(int) {
	list := &leaf{name: "a", next: &leaf{name: "b", next: &leaf{name: "c"}}}
	numbers := []int{1, 2, 3}
	zero := 0
	for i := 0; i < 40; i++ {
		must(func() { index(numbers, 3+i) })
		must(func() { convert(i) })
		must(func() { dive(15) })
		must(again)
		many(30)
	}
	must(func() { list.length() })
	must(func() { touch(&leaf{}) })
	must(func() { divide(1, zero) })
}

func main() {
	window.Main(window.Workload{Step: step})
}
