// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"sort"
	"strings"
)

// Code of the kinds that make names and inline trees: it only has to be there.

type shape interface {
	Area() int
	Name() string
}

type named struct{ name string }

func (n named) Name() string     { return n.name }
func (n *named) Rename(s string) { n.name = s }

type square struct {
	named
	side int
}

func (s square) Area() int { return mul(s.side, s.side) }

type box struct {
	*square
	shape
	depth int
}

func (b box) Area() int    { return b.square.Area() * b.depth }
func (b box) Name() string { return b.square.Name() + "box" }

// Calls inlined into calls inlined into calls.
func mul(a, b int) int     { return add3(a*b, 0, 0) }
func add3(a, b, c int) int { return add(add(a, b), c) }
func add(a, b int) int     { return a + b }

type number interface{ ~int | ~int64 | ~float64 }

func sum[T number](values ...T) (total T) {
	for _, v := range values {
		total = plus(total, v)
	}
	return total
}

func plus[T number](a, b T) T { return a + b }

type pair[K comparable, V any] struct {
	key   K
	value V
}

type table[K comparable, V any] struct{ pairs []pair[K, V] }

func (t *table[K, V]) Put(key K, value V) {
	set := func(p *pair[K, V]) { p.key, p.value = key, value }
	for i := range t.pairs {
		if t.pairs[i].key == key {
			set(&t.pairs[i])
			return
		}
	}
	t.pairs = append(t.pairs, pair[K, V]{})
	set(&t.pairs[len(t.pairs)-1])
}

func (t *table[K, V]) Each(f func(K, V)) {
	for _, p := range t.pairs {
		f(p.key, p.value)
	}
}

type putter interface{ Put(string, int) }

//go:noinline
func put(p putter, key string) { p.Put(key, len(key)) }

var errNothing = errors.New("nothing")

//go:noinline
func mayPanic(values []int, i int) (n int, err error) {
	defer func() {
		if recover() != nil {
			err = errNothing
		}
	}()
	return values[i], nil
}

func counter() func() int {
	n := 0
	return func() int { n++; return n }
}

//line other/file.y:700
func elsewhere(n int) int {
	if n == 0 {
		return add(n, 1)
	}
//line other/third.y:12
	return elsewhere(n-1) + mul(n, n)
}

//line work.go:111
//go:noinline
func callName(f func() string) string { return f() }

var workers []func() string

func workAll() string {
	s := &square{named{"square"}, 3}
	s.Rename("quad")
	shapes := []shape{s, *s, box{square: s, depth: 2}, &box{s, s, 4}}
	sort.Slice(shapes, func(i, j int) bool { return shapes[i].Area() < shapes[j].Area() })
	var names []string
	for _, each := range shapes {
		names = append(names, callName(each.Name))
	}
	t := &table[string, int]{}
	put(t, strings.Join(names, ","))
	u := table[int, pair[string, float64]]{}
	u.Put(sum(1, 2, 3), pair[string, float64]{"x", sum(1.5, 2.5)})
	u.Each(func(k int, v pair[string, float64]) { t.Put(v.key, k) })
	next := counter()
	done := make(chan int)
	go func(n int) { done <- elsewhere(n) }(next() + next())
	t.Put("elsewhere", <-done)
	if _, err := mayPanic(nil, 3); err != nil {
		t.Put(err.Error(), int(sum(int64(1), 2)))
	}
	for _, w := range workers {
		t.Put(callName(w), 1)
	}
	return t.pairs[0].key
}
