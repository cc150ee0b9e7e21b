// SPDX-License-Identifier: Apache-2.0

// Stacks makes goroutines grow their stacks, and recurses deeper than profilers look.
package main

import (
	"sort"
	"strings"
	"sync"

	"example.com/hone/workloads/window"
)

// grow uses more stack than a fresh goroutine has, a little more in each call.
func grow(depth int, seed byte) byte {
	var room [700]byte
	for i := 0; i < len(room); i += 25 {
		room[i] = seed + byte(i)
	}
	if depth == 0 {
		return room[seed]
	}
	return grow(depth-1, room[50]) ^ room[int(seed)]
}

// leap needs a large stack at once.
func leap(seed byte) byte {
	var room [24 << 10]byte
	for i := 0; i < len(room); i += 64 {
		room[i] = seed
	}
	return room[int(seed)*64]
}

func fresh(n int) {
	var done sync.WaitGroup
	for i := 0; i < n; i++ {
		done.Add(2)
		go func(seed byte) {
			defer done.Done()
			grow(12, seed)
		}(byte(i))
		go func(seed byte) {
			defer done.Done()
			leap(seed)
		}(byte(i))
	}
	done.Wait()
}

// down recurses and works at the bottom, with frames of one function.
func down(depth int, work func() int) int {
	if depth > 0 {
		return down(depth-1, work) + 1
	}
	return work()
}

// even and odd recurse through one another and work at each level.
func even(depth int, words []string) int {
	if depth == 0 {
		return len(words)
	}
	n := strings.Count(words[depth%len(words)], "o")
	return odd(depth-1, words) + n
}

func odd(depth int, words []string) int {
	if depth == 0 {
		return 0
	}
	if strings.Contains(words[depth%len(words)], "ee") {
		return even(depth-1, words)
	}
	return even(depth-1, words) + 1
}

// expression is a tree that leans to one side, so its evaluation is as deep as it is long.
type expression struct {
	op          byte
	value       int
	left, right *expression
}

func parse(text string) *expression {
	if len(text) < 2 {
		return &expression{value: int(text[0] - '0')}
	}
	return &expression{op: text[1], left: parse(text[:1]), right: parse(text[2:])}
}

func (e *expression) evaluate() int {
	switch e.op {
	case '+':
		return e.left.evaluate() + e.right.evaluate()
	case '*':
		return e.left.evaluate() * e.right.evaluate() % 9973
	}
	return e.value
}

func sortWords(words []string) func() int {
	return func() int {
		sorted := append([]string(nil), words...)
		sort.Strings(sorted)
		return len(sorted[0])
	}
}

func main() {
	words := strings.Fields(strings.Repeat("one two three four five six seven eleven nineteen ", 8))
	text := strings.Repeat("1+2*3+4*", 40) + "5"
	window.Main(window.Workload{
		Step: func(int) {
			fresh(20)
			for _, depth := range []int{20, 80, 200} {
				down(depth, sortWords(words))
			}
			for i := 0; i < 10; i++ {
				even(180, words)
			}
			parse(text).evaluate()
		},
	})
}
