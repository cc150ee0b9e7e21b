// SPDX-License-Identifier: Apache-2.0

// Dispatch calls through everything that Go calls through: interfaces, embedded interfaces,
// closures, function values, method values, and generic code of several shapes.
package main

import (
	"fmt"
	"sort"
	"strings"

	"example.com/hone/workloads/dispatch/shape"
	"example.com/hone/workloads/window"
)

// ---- generics ----

type ordered interface {
	~int | ~int32 | ~float64 | ~string
}

type tree[K ordered, V any] struct {
	root *node[K, V]
	size int
}

type node[K ordered, V any] struct {
	key         K
	value       V
	left, right *node[K, V]
}

func (t *tree[K, V]) put(key K, value V) {
	at := &t.root
	for *at != nil {
		switch n := *at; {
		case key < n.key:
			at = &n.left
		case n.key < key:
			at = &n.right
		default:
			n.value = value
			return
		}
	}
	*at = &node[K, V]{key: key, value: value}
	t.size++
}

func (t *tree[K, V]) each(visit func(K, V)) { t.root.each(visit) }

func (n *node[K, V]) each(visit func(K, V)) {
	if n != nil {
		n.left.each(visit)
		visit(n.key, n.value)
		n.right.each(visit)
	}
}

func apply[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

func fold[A, B any](in []A, b B, f func(B, A) B) B {
	for _, a := range in {
		b = f(b, a)
	}
	return b
}

func largest[T ordered](in []T) T {
	best := in[0]
	for _, t := range in {
		if best < t {
			best = t
		}
	}
	return best
}

// ---- interfaces ----

func total(shapes []shape.Shape) float64 {
	sum := 0.0
	for _, s := range shapes {
		sum += s.Area()
	}
	return sum
}

// named embeds the interface, so that its Area is a wrapper that the compiler makes.
type named struct {
	shape.Shape
	name string
}

type byArea []shape.Shape

func (s byArea) Len() int           { return len(s) }
func (s byArea) Less(a, b int) bool { return s[a].Area() < s[b].Area() }
func (s byArea) Swap(a, b int)      { s[a], s[b] = s[b], s[a] }

// ---- closures and function values ----

type stage func(int) int

func chain(stages ...stage) stage {
	return func(n int) int {
		for _, s := range stages {
			n = s(n)
		}
		return n
	}
}

func adder(by int) stage { return func(n int) int { return n + by } }

func mix(n int) int {
	n ^= n << 13
	n ^= n >> 7
	n ^= n << 17
	return n
}

type counter struct{ n int }

func (c *counter) count(int) int { c.n++; return c.n }

func step(worker int) {
	shapes := make([]shape.Shape, 0, 300)
	for i := 0; i < cap(shapes); i++ {
		switch {
		case i%20 == 0:
			shapes = append(shapes, shape.Polygon{Sides: 3 + i%5, Length: 2})
		case i%10 == 1:
			shapes = append(shapes, shape.Rectangle{A: float64(i), B: 3})
		case i%10 == 2:
			shapes = append(shapes, named{shape.Circle{R: float64(i)}, "c"})
		default:
			shapes = append(shapes, shape.Circle{R: float64(i % 17)})
		}
	}
	for i := 0; i < 20; i++ {
		total(shapes)
	}
	sort.Sort(byArea(shapes))
	shapes = apply(shapes, func(s shape.Shape) shape.Shape { return s.Scale(1.01) })

	var c counter
	run := chain(adder(worker), mix, c.count, adder(3), mix)
	numbers := make([]int, 400)
	for i := range numbers {
		numbers[i] = run(i) & 0xffff
	}

	var ints tree[int, string]
	var texts tree[string, int]
	for _, n := range numbers {
		ints.put(n, "value")
		texts.put(fmt.Sprint("key", n%97), n)
	}
	var b strings.Builder
	ints.each(func(_ int, s string) { b.WriteString(s) })
	texts.each(func(s string, _ int) { b.WriteString(s) })

	halves := apply(numbers, func(n int) float64 { return float64(n) / 2 })
	fold(halves, "", func(s string, f float64) string {
		if f > 30000 {
			return s[:len(s)/2]
		}
		return s + "x"
	})
	largest(halves)
	largest(numbers)
	sort.Slice(numbers, func(a, b int) bool { return numbers[a] < numbers[b] })
}

func main() {
	window.Main(window.Workload{Step: step})
}
