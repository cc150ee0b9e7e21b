// SPDX-License-Identifier: Apache-2.0

// Calls that a profile gets inlined, and that a cold list keeps from it: one directly, one by an
// interface, one from within another that is inlined, too.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

type shape interface{ area(n int) int }

type square struct{ side int }

// Dear enough not to be inlined without a profile (80), cheap enough with one (2000).
func mix(n int) int {
	for i := 0; i < 8; i++ {
		n = n*31 + i
		n ^= n >> 7
		n += n << 3
		if n%3 == 0 {
			n += i * 17
		} else if n%5 == 0 {
			n -= i * 13
		}
		n = n&0xffff + n>>16
		n ^= i * n
		n += n >> 2
		n = n*7 + n>>3
		n ^= n << 5
		n += i
	}
	return n
}

func outer(n int) int {
	n = mix(n) + n
	for i := 0; i < 4; i++ {
		n = n*29 + i
		n ^= n >> 5
		n += n << 2
		if n%7 == 0 {
			n += i * 11
		}
		n = n&0xfffff + n>>12
		n ^= i * n
	}
	return mix(n+1) + n
}

func (s square) area(n int) int {
	for i := 0; i < 6; i++ {
		n = n*37 + s.side
		n ^= n >> 9
		n += n << 1
		if n%11 == 0 {
			n += i * 19
		}
		n = n&0xffff + n>>8
		n ^= s.side * n
	}
	return n
}

func work(s shape, n int) int {
	n = outer(n)
	n += s.area(n)
	return n
}

func main() {
	var s shape = square{len(os.Args)}
	n := 1
	if len(os.Args) > 1 {
		f, err := os.Create(os.Args[1])
		if err != nil {
			panic(err)
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			panic(err)
		}
		defer f.Close()
		defer pprof.StopCPUProfile()
	}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		for i := 0; i < 1000; i++ {
			n = work(s, n)
		}
	}
	fmt.Fprintln(os.Stderr, n)
}
